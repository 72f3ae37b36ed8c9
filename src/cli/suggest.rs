//! Finds a rule by its id, and says which was meant where there is none.

use crate::policy::{catalogue, find, nearest};
use crate::rules::Rule;
use anyhow::{Result, bail};

/// The rule with this id. Fails with the ids that come nearest.
pub fn rule(id: &str) -> Result<&'static Rule> {
    match find(id) {
        Some(rule) => Ok(rule),
        None => match nearest(id, catalogue().map(|rule| rule.id)).as_slice() {
            [] => bail!("there is no rule {id}; `wslens rules list` lists them"),
            [one] => bail!("there is no rule {id}; did you mean {one}?"),
            several => bail!("there is no rule {id}; did you mean one of {}?", several.join(", ")),
        },
    }
}
