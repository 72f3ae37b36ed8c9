//! Where the text of a rule's source stands, and how a path is written as a URI.

use std::fmt::Write as _;

/// The address of `RFC 6455 §5.2`, of a draft, of the WHATWG's standard; `None` for other sources. Of several sources
/// in one text the first counts.
pub(super) fn address(source: &str) -> Option<String> {
    if let Some(rest) = source.strip_prefix("RFC ") {
        let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
        let section = rest[number.len()..].strip_prefix(" §").map(|section| {
            let section: String = section.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            format!("#section-{}", section.trim_end_matches('.'))
        });
        return (!number.is_empty())
            .then(|| format!("https://www.rfc-editor.org/rfc/rfc{number}.html{}", section.unwrap_or_default()));
    }
    let name = source.split([' ', ',', ';']).next().unwrap_or_default();
    if name == "WHATWG" {
        return Some("https://websockets.spec.whatwg.org/".to_owned());
    }
    if name.starts_with("draft-") {
        return Some(format!("https://datatracker.ietf.org/doc/html/{name}"));
    }
    let draft = |group: &str| {
        let revision = name.strip_prefix(group)?.get(..2)?;
        Some(revision).filter(|revision| revision.bytes().all(|byte| byte.is_ascii_digit()))
    };
    draft("hixie-")
        .map(|revision| format!("https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-{revision}"))
        .or_else(|| {
            draft("hybi-").map(|revision| {
                format!("https://datatracker.ietf.org/doc/html/draft-ietf-hybi-thewebsocketprotocol-{revision}")
            })
        })
}

/// A path as a URI reference (RFC 3986 §4.1): relative where the path is, so that it counts from the repository.
pub(super) fn uri(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = if cfg!(windows) { path.replace('\\', "/") } else { path.to_owned() };
    let mut uri = String::with_capacity(path.len());
    if path.starts_with('/') {
        uri.push_str("file://");
    }
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            // Writing to a String cannot fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_have_addresses() {
        for (source, link) in [
            ("RFC 6455 §5.2", "https://www.rfc-editor.org/rfc/rfc6455.html#section-5.2"),
            ("RFC 7692 §7.1.2.1", "https://www.rfc-editor.org/rfc/rfc7692.html#section-7.1.2.1"),
            ("RFC 6455 §4.1, §4.2.2", "https://www.rfc-editor.org/rfc/rfc6455.html#section-4.1"),
            ("RFC 3629", "https://www.rfc-editor.org/rfc/rfc3629.html"),
            ("hixie-76", "https://datatracker.ietf.org/doc/html/draft-hixie-thewebsocketprotocol-76"),
            ("WHATWG WebSockets", "https://websockets.spec.whatwg.org/"),
        ] {
            assert_eq!(address(source).as_deref(), Some(link));
        }
        for source in ["", "the file given to --expect", "what the capture holds", "hixie-x"] {
            assert_eq!(address(source), None, "{source}");
        }
    }

    #[test]
    fn paths_become_uris() {
        assert_eq!(uri("captures/a b.pcap"), "captures/a%20b.pcap");
        assert_eq!(uri("./a#1.pcap"), "a%231.pcap");
        assert_eq!(uri("/tmp/ä.pcap"), "file:///tmp/%C3%A4.pcap");
    }
}
