//! `tidy`: prints what breaks the rules of the house.

use anyhow::{Result, ensure};

use super::reading::Workspace;
use super::rules::RULES;
use crate::workspace;

#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The rules to check; all if none is named.
    rules: Vec<String>,
}

/// Prints every violation of the rules, and how many each rule has.
///
/// # Errors
/// If there is a violation, a named rule does not exist, or a file cannot be read.
pub(crate) fn tidy(options: &Options) -> Result<()> {
    let names: Vec<_> = RULES.iter().map(|(name, _)| *name).collect();
    for rule in &options.rules {
        ensure!(names.contains(&rule.as_str()), "there is no rule `{rule}`; there are {}", names.join(", "));
    }
    let workspace = Workspace::read(&workspace::root())?;
    let mut violations = 0;
    for (name, check) in RULES {
        if options.rules.is_empty() || options.rules.iter().any(|rule| rule == name) {
            let wrong = check(&workspace);
            for line in &wrong {
                println!("{line}");
            }
            println!("{name}: {}\n", wrong.len());
            violations += wrong.len();
        }
    }
    ensure!(violations == 0, "{violations} violations");
    Ok(())
}
