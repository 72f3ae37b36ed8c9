//! Which name was meant where one is not known.

/// Up to three of the names: those that contain what was written, or those few edits away from it, the nearest first.
pub fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut ranked: Vec<(usize, &str)> = names
        .filter_map(|name| {
            let distance = if written.len() > 2 && name.contains(written) { 1 } else { edits(written, name) };
            (distance <= 2 + name.len() / 5).then_some((distance, name))
        })
        .collect();
    ranked.sort();
    ranked.into_iter().take(3).map(|(_, name)| name).collect()
}

/// `; did you mean a?`, `; did you mean one of a, b?`, or nothing.
pub(super) fn hint<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> String {
    match nearest(written, names).as_slice() {
        [] => String::new(),
        [one] => format!("; did you mean {one}?"),
        several => format!("; did you mean one of {}?", several.join(", ")),
    }
}

/// Levenshtein's distance: insertions, deletions and substitutions of bytes that turn one into the other.
fn edits(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in to.bytes().enumerate() {
            let substituted = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("same", "same"), 0);
    }

    #[test]
    fn finds_what_was_meant() {
        let names = ["frame-server-masked", "frame-client-unmasked", "utf8-invalid", "close-abnormal"];
        assert_eq!(nearest("frame-server-maksed", names.into_iter()), ["frame-server-masked"]);
        assert_eq!(nearest("invalid", names.into_iter()), ["utf8-invalid"]);
        assert!(nearest("something-else-entirely", names.into_iter()).is_empty());
    }
}
