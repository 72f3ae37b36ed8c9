//! The lines of a key log that belong to certain connections, as they stand there: what may leave the machine with a
//! capture, where the whole log would open connections of other programs too.

use std::collections::HashSet;

use super::key_log::{decode_hex, lines, split_word};

/// The lines of a key log whose client random is one of these, each with a line feed behind it.
///
/// Labels are not looked at: what opens nothing here, such as `EXPORTER_SECRET`, another program may have a use for.
/// Comments, and lines that do not name a client random, are not among them.
pub fn excerpt(key_log: &[u8], client_randoms: &HashSet<[u8; 32]>) -> Vec<u8> {
    let mut excerpt = Vec::new();
    for line in lines(key_log).filter(|line| client_random(line).is_some_and(|random| client_randoms.contains(&random)))
    {
        excerpt.extend_from_slice(line);
        excerpt.push(b'\n');
    }
    excerpt
}

/// `label client_random secret` (RFC 9850 §2).
fn client_random(line: &[u8]) -> Option<[u8; 32]> {
    let (_, rest) = split_word(line)?;
    let (digits, _) = split_word(rest)?;
    let mut random = [0; 32];
    decode_hex(digits, &mut random).ok()?;
    Some(random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_of_the_wanted_connections_are_told() {
        let (a, b) = ("0A".repeat(32), "0b".repeat(32));
        let text = format!(
            "\u{feff}CLIENT_RANDOM {a} 00\r\n# CLIENT_RANDOM {a} 11\n\nCLIENT_RANDOM {b} 22\nRSA {} 33\n\
             EXPORTER_SECRET\t{a}  44\nnonsense\nCLIENT_RANDOM {a}",
            "0a".repeat(8)
        );
        let told = |randoms: &[[u8; 32]]| {
            String::from_utf8(excerpt(text.as_bytes(), &randoms.iter().copied().collect())).unwrap()
        };
        assert_eq!(told(&[[0x0A; 32]]), format!("CLIENT_RANDOM {a} 00\nEXPORTER_SECRET\t{a}  44\n"));
        assert_eq!(told(&[[0x0B; 32], [0; 32]]), format!("CLIENT_RANDOM {b} 22\n"));
        assert_eq!(told(&[]), "");
    }
}
