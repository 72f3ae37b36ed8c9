//! The terminal: taken over, and given back as it was on every way out.
//!
//! What is changed is changed back when [`Terminal`] is dropped, and by the panic hook before a panic's message is
//! printed, whichever thread panics, and before a signal ends the program.

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue, style};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Position;
use ratatui_crossterm::CrosstermBackend;
use std::io::{self, Stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

/// The terminal is taken over at the moment.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The whole screen, in raw mode, with the mouse.
pub struct Terminal {
    inner: ratatui_core::terminal::Terminal<CrosstermBackend<Stdout>>,
}

impl Terminal {
    /// Takes the terminal over; `color` is whether colours are wanted.
    ///
    /// # Errors
    /// Standard output is no terminal, or it refuses.
    pub fn take(color: bool) -> io::Result<Terminal> {
        static HOOK: Once = Once::new();
        let mut heeded = Ok(());
        HOOK.call_once(|| {
            #[cfg(unix)]
            {
                heeded = heed_signals();
            }
            let previous = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                previous(panic);
            }));
        });
        heeded?;
        // What NO_COLOR and the options mean is settled already; crossterm would ask the environment once more.
        style::force_color_output(color);
        seize()?;
        let inner = ratatui_core::terminal::Terminal::new(CrosstermBackend::new(io::stdout()));
        if inner.is_err() {
            give_back();
        }
        Ok(Terminal { inner: inner? })
    }

    /// Draws a screen; `draw` gives where the cursor stands, if it is to be seen.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut Buffer) -> Option<Position>) -> io::Result<()> {
        // A terminal that knows these shows all of a change at once.
        queue!(io::stdout(), BeginSynchronizedUpdate)?;
        self.inner.draw(|frame| {
            if let Some(position) = draw(frame.buffer_mut()) {
                frame.set_cursor_position(position);
            }
        })?;
        execute!(io::stdout(), EndSynchronizedUpdate)
    }

    /// The terminal was given back by a panic in another thread.
    pub(super) fn is_lost(&self) -> bool {
        !TAKEN.load(Ordering::SeqCst)
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it goes on.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    #[cfg(unix)]
    pub(super) fn suspend(&mut self) -> io::Result<()> {
        give_back();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP)?;
        seize()?;
        self.inner.clear()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        give_back();
    }
}

fn seize() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(io::stdout(), EnterAlternateScreen, EnableMouseCapture, EnableBracketedPaste, Hide);
    if taken.is_err() {
        give_back();
    }
    taken
}

/// Gives the terminal back, once. An error cannot be helped: the terminal may be gone.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(
            io::stdout(),
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            DisableMouseCapture,
            LeaveAlternateScreen,
            Show
        );
        let _ = disable_raw_mode();
    }
}

/// Gives the terminal back when a signal ends the program, and lets the signal do so. A thread of its own waits for
/// it: where the terminal is gone, whoever reads the keyboard may never come back.
#[cfg(unix)]
fn heed_signals() -> io::Result<()> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        for signal in signals.forever() {
            give_back();
            // It ends the process; should it not, there is nothing left to do.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
    Ok(())
}
