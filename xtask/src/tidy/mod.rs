//! The rules of the house, each a test: the floors, import circles.
//!
//! The sources are read as text, without a compiler.

mod circles;
mod command;
mod floors;
mod lexer;
mod package;
mod parse;
mod source;
mod test_code;

pub(crate) use command::{Options, tidy};

/// A rule's name, and the function that returns its violations.
type Rule = (&'static str, fn(&[source::Source]) -> Vec<String>);

const RULES: &[Rule] = &[("floors", floors::check), ("circles", circles::check)];

/// Checks one rule on the workspace.
#[cfg(test)]
fn assert_clean(check: fn(&[source::Source]) -> Vec<String>) {
    let wrong = check(&source::read_all(&crate::workspace::root()));
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}
