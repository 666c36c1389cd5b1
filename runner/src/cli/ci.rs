//! The CI service in which the command runs.

use std::borrow::Cow;
use std::env;

use seatrial_runner::without_commands;

/// Returns `true` in GitHub Actions, and in services that do the same.
pub(super) fn is_github() -> bool {
    env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true")
}

/// Returns `true` if a CI service reads commands from this process's output: GitHub Actions, Azure Pipelines or TeamCity.
pub(super) fn reads_commands() -> bool {
    ["GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION"].into_iter().any(is_set)
}

/// Returns `true` in any CI service.
pub(super) fn is_ci() -> bool {
    is_set("CI")
}

/// Returns a text as it may be printed here: without commands, if a CI service reads them from the output.
pub(super) fn printed(text: &str) -> Cow<'_, str> {
    if reads_commands() { without_commands(text) } else { Cow::Borrowed(text) }
}

fn is_set(variable: &str) -> bool {
    env::var(variable).is_ok_and(|value| !value.is_empty() && value != "false")
}
