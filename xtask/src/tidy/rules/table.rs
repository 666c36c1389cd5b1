//! The list of all rules.

use super::{
    circles, dependencies, doc_openings, file_sizes, first_lines, floors, invariants, module_roots,
    module_style, trials,
};
use crate::tidy::reading::Workspace;

/// A rule's name, and the function that returns its violations.
type Rule = (&'static str, fn(&Workspace) -> Vec<String>);

pub(crate) const RULES: &[Rule] = &[
    ("floors", floors::check),
    ("circles", circles::check),
    ("dependencies", dependencies::check),
    ("invariants", invariants::check),
    ("first-lines", first_lines::check),
    ("module-roots", module_roots::check),
    ("module-style", module_style::check),
    ("file-sizes", file_sizes::check),
    ("doc-openings", doc_openings::check),
    ("trials", trials::check),
];
