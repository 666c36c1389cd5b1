//! Import circles: none across folders, and none of many files.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{Graph, circles};
use crate::tidy::reading::{Arrow, Package, Workspace};

/// The folders of sources that are checked.
const PACKAGES: &[&str] = &[
    "core/src/",
    "harness/src/",
    "pool/src/",
    "reaper/src/",
    "runner/src/",
    "tests/src/",
    "tls/src/",
    "xtask/src/",
];

/// The files that a circle within one folder may have.
const MOST_FILES: usize = 20;

/// Returns the circles that are too large.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    for folder in PACKAGES {
        let package = Package::read(folder, &workspace.sources);
        let arrows = package.arrows();
        wrong
            .extend(circles(&by_file(&arrows, folder)).iter().filter_map(|circle| too_large(circle, folder)));
        for circle in circles(&by_module(&arrows, folder)).iter().filter(|circle| circle.len() > 1) {
            let names: Vec<_> = circle.iter().map(|name| format!("`{name}`")).collect();
            wrong.push(format!("{folder}: modules import each other in a circle: {}", names.join(", ")));
            wrong.extend(imports_within(circle, &arrows, folder));
        }
    }
    wrong
}

/// Returns the graph of imports between files. A re-export of a name of the same module is no import.
fn by_file<'a>(arrows: &'a [Arrow], folder: &str) -> Graph<'a> {
    let mut graph = Graph::new();
    for arrow in arrows {
        let is_own_reexport = arrow.is_reexport && top(&arrow.from, folder) == top(&arrow.to, folder);
        if !is_own_reexport && !is_root(&arrow.from, folder) {
            graph.entry(&arrow.from).or_default().insert(&arrow.to);
            graph.entry(&arrow.to).or_default();
        }
    }
    graph
}

/// Returns the graph of imports between top-level modules.
fn by_module<'a>(arrows: &'a [Arrow], folder: &str) -> Graph<'a> {
    let mut graph = Graph::new();
    for arrow in arrows.iter().filter(|arrow| !is_root(&arrow.from, folder)) {
        let (from, to) = (top(&arrow.from, folder), top(&arrow.to, folder));
        graph.entry(from).or_default().insert(to);
        graph.entry(to).or_default();
    }
    graph
}

/// Describes the imports between the modules of a circle, one line for each pair of modules.
fn imports_within(circle: &BTreeSet<&str>, arrows: &[Arrow], folder: &str) -> Vec<String> {
    let mut pairs = BTreeMap::<_, BTreeSet<_>>::new();
    for arrow in arrows {
        let (from, to) = (top(&arrow.from, folder), top(&arrow.to, folder));
        if from != to && circle.contains(from) && circle.contains(to) {
            pairs.entry((from, to)).or_default().insert(arrow.name.as_str());
        }
    }
    let line = |((from, to), names): ((&str, &str), BTreeSet<&str>)| {
        format!("  `{from}` → `{to}`: {}", Vec::from_iter(names).join(", "))
    };
    pairs.into_iter().map(line).collect()
}

/// Returns the top-level module that a file is in.
fn top<'a>(path: &'a str, folder: &str) -> &'a str {
    let path = path.strip_prefix(folder).unwrap_or(path);
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

fn is_root(path: &str, folder: &str) -> bool {
    matches!(top(path, folder), "lib" | "main")
}

/// Describes a circle of files that crosses folders or has too many files.
fn too_large(circle: &BTreeSet<&str>, folder: &str) -> Option<String> {
    let folders: BTreeSet<_> = circle.iter().map(|path| top(path, folder)).collect();
    if circle.len() < 2 || (folders.len() == 1 && circle.len() <= MOST_FILES) {
        return None;
    }
    let paths: Vec<_> = circle.iter().map(|path| path.strip_prefix(folder).unwrap_or(path)).collect();
    let (files, modules) = (circle.len(), folders.len());
    Some(format!("{folder}: a circle of {files} files over {modules} modules: {}", paths.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;
    use crate::tidy::reading::Source;

    #[test]
    fn a_circle_across_folders_is_reported() {
        let sources = [
            ("core/src/lib.rs", ""),
            ("core/src/a/x.rs", "use crate::b::Y;"),
            ("core/src/a/mod.rs", ""),
            ("core/src/b.rs", "pub struct Y; use crate::a::x::X;"),
        ];
        let reported = check(&Workspace::of(&sources));
        assert_eq!(reported[0], "core/src/: a circle of 2 files over 2 modules: a/x.rs b.rs");
        assert_eq!(reported[1], "core/src/: modules import each other in a circle: `a`, `b`");
        assert_eq!(reported[2..], ["  `a` → `b`: Y", "  `b` → `a`: X"]);
        assert_eq!(check(&Workspace::of(&sources[..3])), [""; 0]);
    }

    #[test]
    fn a_circle_within_a_folder_may_be_small() {
        let circle = |files: usize| {
            let mut workspace = Workspace::of(&[("core/src/lib.rs", ""), ("core/src/a/mod.rs", "")]);
            workspace.sources.extend((0..files).map(|at| Source {
                path: format!("core/src/a/f{at}.rs"),
                text: format!("pub struct F{at}; use super::f{0}::F{0};", (at + 1) % files),
            }));
            check(&workspace)
        };
        assert_eq!(circle(MOST_FILES), [""; 0]);
        assert_eq!(circle(MOST_FILES + 1).len(), 1);
    }

    #[test]
    fn a_module_root_that_only_re_exports_is_no_part_of_a_circle() {
        let sources = [
            ("core/src/lib.rs", ""),
            ("core/src/a/mod.rs", "pub use x::X; pub use y::Y;"),
            ("core/src/a/x.rs", "pub struct X; use super::Y;"),
            ("core/src/a/y.rs", "pub struct Y;"),
        ];
        let package = Package::read("core/src/", &Workspace::of(&sources).sources);
        let arrows = package.arrows();
        assert!(circles(&by_file(&arrows, "core/src/")).iter().all(|circle| circle.len() == 1));
    }

    #[test]
    fn no_package_has_a_large_circle() {
        assert_clean(check);
    }
}
