//! Puts the page together: markup, style, script and data in one file.
//!
//! The page must be harmless whatever a capture holds. Text from strangers stands in two places only: in a block of JSON
//! without a `<`, so that nothing in it can end the block, and in the title and the verdict, where it is escaped. The
//! script writes it into the page as text. Should that ever fail, the policy in the page's head allows no script but ours,
//! known by its digest, no markup from strings (Trusted Types), and no request to anywhere.

use super::verdict::Verdict;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use std::io::{self, Write};

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("style.css");
/// One function around all parts, so that nothing of them is global.
const SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n",
    include_str!("dom.js"),
    include_str!("data.js"),
    include_str!("grid.js"),
    include_str!("findings.js"),
    include_str!("panels.js"),
    include_str!("timeline.js"),
    include_str!("ladder.js"),
    include_str!("ruler.js"),
    include_str!("frame.js"),
    include_str!("frames.js"),
    include_str!("connections.js"),
    include_str!("main.js"),
    "})();\n",
);

/// Writes the page; `data` is a JSON text.
pub(super) fn write<W: Write>(out: &mut W, paths: &[String], verdict: &Verdict, data: &[u8]) -> io::Result<()> {
    let mut rest = PAGE;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (name, behind) = behind.split_once("}}").unwrap_or((behind, ""));
        out.write_all(before.as_bytes())?;
        match name {
            "title" => out.write_all(escaped(&title(paths)).as_bytes())?,
            "policy" => out.write_all(policy().as_bytes())?,
            "style" => out.write_all(STYLE.as_bytes())?,
            "verdict" => out.write_all(said(verdict).as_bytes())?,
            "data" => write_data(out, data)?,
            "script" => out.write_all(SCRIPT.as_bytes())?,
            _ => return Err(io::Error::other(format!("the page has no {name}"))),
        }
        rest = behind;
    }
    out.write_all(rest.as_bytes())
}

/// Nothing is allowed but what is in the file.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; connect-src 'none'; \
         base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        digest(SCRIPT),
        digest(STYLE)
    )
}

/// `<` is the one character with which a string could leave the block; in JSON it occurs in strings alone.
fn write_data<W: Write>(out: &mut W, data: &[u8]) -> io::Result<()> {
    for (n, part) in data.split(|&byte| byte == b'<').enumerate() {
        if n > 0 {
            out.write_all(b"\\u003c")?;
        }
        out.write_all(part)?;
    }
    Ok(())
}

fn title(paths: &[String]) -> String {
    let name = |path: &String| {
        let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
        crate::escape::printable(name.as_bytes()).into_owned()
    };
    match paths {
        [] => "wslens".to_owned(),
        [path] => name(path),
        [path, more @ ..] => format!("{} and {} more", name(path), more.len()),
    }
}

/// The verdict as markup.
fn said(verdict: &Verdict) -> String {
    let mut out = format!(
        "<div class=\"verdict {}\">\n<h1>{}</h1>\n<p class=\"reason\">{}</p>\n",
        verdict.tone,
        escaped(&verdict.headline),
        escaped(&verdict.reason)
    );
    if !verdict.limits.is_empty() {
        out.push_str("<ul class=\"limits\">\n");
        for limit in &verdict.limits {
            out.push_str(&format!("<li>{}</li>\n", escaped(limit)));
        }
        out.push_str("</ul>\n");
    }
    out.push_str("</div>");
    out
}

/// Text for between tags and for quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_string_can_leave_its_place() {
        assert_eq!(escaped("<b a='\"'>&"), "&lt;b a=&#39;&quot;&#39;&gt;&amp;");
        let mut out = Vec::new();
        write_data(&mut out, br#"{"a":"</script><!--"}"#).unwrap();
        assert_eq!(out, br#"{"a":"\u003c/script>\u003c!--"}"#);
    }

    /// A closing tag inside the script or the style sheet would end it.
    #[test]
    fn the_parts_do_not_end_themselves() {
        for part in [SCRIPT, STYLE] {
            assert!(!part.contains("</") && !part.contains("<!--"));
        }
    }
}
