//! The terminal browser: connections, frames, fields and bytes in panes.
//!
//! The way of the data: an analysis in a thread of its own tells a [`Feed`], which sends batches to the [`Inlet`] that
//! [`run`] reads. `told` is what is sent, `model` what is kept of it, `app` what the user is doing with it; `input`
//! changes the `app`, `draw` shows it. `rows` and `filter` say which frames are listed, `detail` what is known of one.
//!
//! A frame takes 48 bytes of memory and 4 in its connection's list; payloads and everything else about it wait in a
//! spool until they are looked at. Rows are made when they are drawn, and a search goes on in slices of time, so a
//! capture of a million frames can be used while it is read.
//!
//! Nothing from a capture reaches the terminal but through [`escape`](crate::escape).

mod app;
mod cursor;
mod detail;
mod draw;
mod export;
mod filter;
mod follow;
mod input;
mod line_edit;
mod model;
mod page;
mod palette;
mod rows;
mod terminal;
#[cfg(test)]
mod tests;
mod told;

pub use palette::Palette;
pub use terminal::Terminal;
pub use told::{Feed, Inlet, channel};

use crate::rules::Severity;
use app::App;
use crossterm::event::{self, Event, KeyCode, KeyModifiers};
use std::io;
use std::time::{Duration, Instant};

/// Work that is done between two looks at the keyboard.
const SLICE: Duration = Duration::from_millis(15);

/// How long is waited for a key while the analysis has nothing new, and when there is nothing else to do.
const READING: Duration = Duration::from_millis(20);
const IDLE: Duration = Duration::from_secs(3600);

/// How the browser was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// The user quit.
    Quit,
    /// Another thread panicked, and the terminal was given back for its message.
    Panicked,
}

/// Shows what comes out of `inlet` until the user quits. Findings below `least` are hidden at first.
///
/// # Errors
/// The terminal refuses.
pub fn run(inlet: Inlet, palette: Palette, least: Severity) -> io::Result<Left> {
    let mut terminal = Terminal::take(palette.color)?;
    let mut app = App::new(inlet, palette, least);
    let mut stale = true;
    while !app.quit {
        let changed = app.work(Instant::now() + SLICE);
        if terminal.is_lost() {
            return Ok(Left::Panicked);
        }
        if stale || changed {
            terminal.draw(|buffer| draw::draw(&mut app, buffer))?;
            stale = false;
        }
        let mut wait = match (app.is_busy(), changed) {
            (true, true) => Duration::ZERO,
            (true, false) => READING,
            _ => IDLE,
        };
        // All that was typed meanwhile is taken before anything is drawn again.
        while event::poll(wait)? && !app.quit {
            let event = event::read()?;
            if is_suspend(&event) {
                #[cfg(unix)]
                terminal.suspend()?;
                stale = true;
            } else {
                stale |= input::take(&mut app, &event);
            }
            wait = Duration::ZERO;
        }
    }
    Ok(Left::Quit)
}

fn is_suspend(event: &Event) -> bool {
    matches!(event, Event::Key(key)
        if key.code == KeyCode::Char('z') && key.modifiers.contains(KeyModifiers::CONTROL))
}
