//! The packages of the workspace that a package may depend on.

use crate::tidy::reading::{Source, Workspace};

/// A package's folder, and the packages of the workspace that it may be built from.
const MAY_KNOW: &[(&str, &[&str])] = &[
    ("agent", &["seatrial-core"]),
    ("core", &[]),
    ("harness", &["seatrial-agent", "seatrial-core", "seatrial-macros", "seatrial-pool", "seatrial-tls"]),
    ("images/misbehave", &[]),
    ("macros", &[]),
    ("pool", &["seatrial-core"]),
    ("reaper", &["seatrial-core", "seatrial-pool", "seatrial-tls"]),
    ("runner", &["seatrial", "seatrial-core", "seatrial-pool"]),
    ("tls", &[]),
];

/// Returns each dependency that is not in the table. Dependencies of tests are free.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    for (folder, may_know) in MAY_KNOW {
        let path = format!("{folder}/Cargo.toml");
        let manifest = workspace.manifests.iter().find(|manifest| manifest.path == path);
        for (line, name) in manifest.into_iter().flat_map(dependencies) {
            if name.split('-').next() == Some("seatrial") && !may_know.contains(&name) {
                wrong.push(format!("{path}:{line}: `{folder}` may not depend on `{name}`"));
            }
        }
    }
    wrong
}

/// Returns the line and the name of each dependency of a package and of its build script.
fn dependencies(manifest: &Source) -> Vec<(usize, &str)> {
    let mut is_section = false;
    let mut names = Vec::new();
    for (at, line) in manifest.text.lines().enumerate() {
        if let Some(section) = line.strip_prefix('[') {
            let section = section.trim_end_matches(']');
            is_section = section.ends_with("dependencies") && !section.ends_with("dev-dependencies");
        } else if is_section {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            names.push((at + 1, name));
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn a_dependency_that_is_not_in_the_table_is_reported() {
        let of = |text: &str| {
            let manifest = Source { path: "core/Cargo.toml".to_owned(), text: text.to_owned() };
            check(&Workspace { manifests: vec![manifest], sources: Vec::new() })
        };
        let reported = ["core/Cargo.toml:2: `core` may not depend on `seatrial-tls`"];
        assert_eq!(of("[dependencies]\nseatrial-tls.workspace = true"), reported);
        assert_eq!(of("[target.'cfg(unix)'.build-dependencies]\nseatrial-tls = { path = \"x\" }"), reported);
        assert_eq!(of("[dev-dependencies]\nseatrial-tls = \"1\"\n[dependencies]\nserde = \"1\""), [""; 0]);
    }

    #[test]
    fn packages_know_only_those_that_they_may_know() {
        assert_clean(check);
    }
}
