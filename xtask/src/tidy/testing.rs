//! Checks a rule on the workspace, for the rules' tests.

use super::reading::Workspace;
use crate::workspace;

/// Asserts that the workspace keeps a rule.
#[track_caller]
pub(super) fn assert_clean(check: impl Fn(&Workspace) -> Vec<String>) {
    let wrong = check(&Workspace::read(&workspace::root()).expect("the workspace's sources"));
    assert!(wrong.is_empty(), "{} violations:\n{}", wrong.len(), wrong.join("\n"));
}
