//! The file given to `--expect`.

use super::table::Table;
use crate::Role;
use crate::analysis::Transport;
use crate::policy::{Expectations, ExpectedClose};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::str::FromStr;

/// Reads the file.
pub fn read(path: &Path) -> Result<Expectations> {
    from_table(Table::read(path)?).with_context(|| path.display().to_string())
}

fn from_table(mut table: Table) -> Result<Expectations> {
    let mut connections = table.table("connections")?;
    let mut close = table.table("close")?;
    let closes = !close.is_empty();
    let code = close.number("code")?;
    let code = code.map(u16::try_from).transpose().context("close.code must be at most 65535")?;
    let expected = Expectations {
        at_least: connections.number("at-least")?,
        at_most: connections.number("at-most")?,
        not_refused: table.flag("not-refused")?,
        transport: table.text("transport")?.map(|Named(transport)| transport),
        extensions: table.texts("extensions")?,
        subprotocol: table.text("subprotocol")?,
        close: closes.then_some(ExpectedClose { code, by: close.text("by")?.map(|Named(role)| role) }),
        ping_answered: table.time("ping-answered")?,
    };
    if expected.at_most.is_some_and(|most| most < expected.at_least.unwrap_or(0)) {
        bail!("connections.at-most is less than connections.at-least");
    }
    connections.finish()?;
    close.finish()?;
    table.finish()?;
    Ok(expected)
}

/// Something that is written by its name.
struct Named<T>(T);

impl FromStr for Named<Transport> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Transport::ALL
            .into_iter()
            .find(|transport| transport.name() == text)
            .map(Named)
            .ok_or_else(|| format!("there is no transport {text}; there are tcp, tls, h2c and h2"))
    }
}

impl FromStr for Named<Role> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        [Role::Client, Role::Server]
            .into_iter()
            .find(|role| role.name() == text)
            .map(Named)
            .ok_or_else(|| format!("write client or server, not {text}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn everything_can_be_expected() {
        let text = r#"
            connections = { at-least = 2, at-most = 3 }
            not-refused = true
            transport = "tls"
            extensions = ["permessage-deflate"]
            subprotocol = "chat"
            close = { code = 1000, by = "server" }
            ping-answered = "500ms"
        "#;
        let expected = Expectations {
            at_least: Some(2),
            at_most: Some(3),
            not_refused: true,
            transport: Some(Transport::Tls),
            extensions: vec!["permessage-deflate".into()],
            subprotocol: Some("chat".into()),
            close: Some(ExpectedClose { code: Some(1000), by: Some(Role::Server) }),
            ping_answered: Some(Duration::from_millis(500)),
        };
        assert_eq!(from_table(Table::parse(text).unwrap()).unwrap(), expected);
        assert_eq!(from_table(Table::parse("").unwrap()).unwrap(), Expectations::default());
    }

    #[test]
    fn mistakes_are_named() {
        for (text, complaint) in [
            ("subprotocl = 'chat'", "there is no key subprotocl; did you mean subprotocol?"),
            ("transport = 'quic'", "transport: there is no transport quic; there are tcp, tls, h2c and h2"),
            ("close = { cod = 1 }", "there is no key cod in close; did you mean code?"),
            ("close = { code = 70000 }", "close.code must be at most 65535"),
            ("close = { by = 'me' }", "close.by: write client or server, not me"),
            ("connections = { at-least = 2, at-most = 1 }", "connections.at-most is less than connections.at-least"),
        ] {
            assert_eq!(from_table(Table::parse(text).unwrap()).unwrap_err().to_string(), complaint);
        }
    }
}
