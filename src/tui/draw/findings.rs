//! What was found, and the page of the selected finding's rule.

use super::pen::{Pen, cut};
use super::{page, select, titled};
use crate::escape::printable;
use crate::teach;
use crate::tui::app::{App, Findings, Scene};
use ratatui_core::buffer::Buffer;
use ratatui_core::layout::Rect;
use ratatui_core::style::Style;

pub(super) fn draw(app: &mut App, buffer: &mut Buffer, area: Rect) {
    let Scene::Findings(mut findings) = std::mem::replace(&mut app.scene, Scene::Browse) else { return };
    app.areas = Default::default();
    let count = findings.rows.len();
    let rows = u16::try_from(count).unwrap_or(u16::MAX).saturating_add(1).max(2);
    let high = rows.min(area.height / 2);
    let right = match count {
        0 => "0".to_owned(),
        count => format!("{} of {count}", findings.cursor.at + 1),
    };
    let above = Rect { height: high, ..area };
    let list = titled(app, buffer, above, "Findings", &right, !findings.on_page);
    app.areas.list = list;
    findings.cursor.show(count, usize::from(list.height));
    for row in 0..list.height {
        let at = findings.cursor.top + usize::from(row);
        let Some(&finding) = findings.rows.get(at) else { break };
        let Some(mut pen) = Pen::new(buffer, list, row) else { break };
        line(app, finding, &mut pen);
        if at == findings.cursor.at {
            select(app, buffer, list, row, !findings.on_page);
        }
    }
    if count == 0
        && let Some(mut pen) = Pen::new(buffer, list, 0)
    {
        pen.skip(2).put("nothing was found", app.palette.dim());
    }
    rule(app, &mut findings, buffer, Rect { y: area.y + high, height: area.height - high, ..area });
    app.scene = Scene::Findings(findings);
}

fn line(app: &App, finding: usize, pen: &mut Pen<'_>) {
    let Some(found) = app.model.findings.get(finding) else { return };
    let (finding, palette) = (&found.finding, &app.palette);
    pen.left(finding.severity.name(), 8, palette.severity(finding.severity));
    let who = finding.blame.map_or("—", |role| role.name());
    pen.left(who, 7, finding.blame.map_or(Style::new(), |role| palette.sender(role)));
    let place = match (found.connection, finding.frame) {
        (None, _) => "capture".to_owned(),
        (Some(id), Some(frame)) => format!("{id}:{frame}"),
        (Some(id), None) => id.to_string(),
    };
    pen.left(&place, 8, Style::new());
    pen.put(finding.rule.id, palette.bold()).skip(2);
    let room = pen.room();
    pen.put(&cut(&finding.message, room), Style::new());
}

fn rule(app: &mut App, findings: &mut Findings, buffer: &mut Buffer, area: Rect) {
    let selected = findings.rows.get(findings.cursor.at).and_then(|&at| app.model.findings.get(at));
    let Some(finding) = selected.map(|found| &found.finding) else { return };
    let columns = usize::from(area.width.saturating_sub(2)).min(100);
    let mut text = teach::Text::default();
    let (message, _) = crate::escape::printable_lines(printable(finding.message.as_bytes()).as_bytes(), columns, 4);
    for line in message {
        text.lines.push(vec![teach::Span::plain(line)]);
    }
    if let Some(packet) = finding.packet {
        let confidence = finding.confidence.name();
        let place = format!("packet {}, {confidence}", packet.number());
        text.lines.push(vec![teach::Span::new(place, teach::Style::Dim)]);
    }
    text.lines.push(Vec::new());
    text.lines.extend(teach::rule_page(finding.rule, columns).lines);
    let height = usize::from(area.height.saturating_sub(1));
    findings.page_top = findings.page_top.min(text.lines.len().saturating_sub(height));
    let last = (findings.page_top + height).min(text.lines.len());
    let right = if text.lines.len() > height { format!("{last} of {} lines", text.lines.len()) } else { String::new() };
    let list = titled(app, buffer, area, "Rule", &right, findings.on_page);
    app.areas.page = list;
    page::lines(app, &text.lines, findings.page_top, buffer, list);
}
