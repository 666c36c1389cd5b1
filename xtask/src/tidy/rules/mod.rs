//! The rules, each in a file of its own with tests that show that it can fail.

mod circles;
mod dependencies;
mod doc_openings;
mod file_sizes;
mod first_lines;
mod floors;
mod graph;
mod invariants;
mod module_roots;
mod module_style;
mod naming;
mod table;
mod trials;

pub(crate) use table::RULES;
