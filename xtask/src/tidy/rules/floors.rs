//! The floors of the library: an import may only run down.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::reading::{Arrow, Package, Workspace};

/// The folder of the library's sources.
const LIBRARY: &str = "harness/src/";

/// The library's modules, from the top to the bottom; those of one line do not import each other.
const FLOORS: &[&[&str]] = &[
    &["driver"],
    &["pool", "monitor"],
    &["container"],
    &["wait"],
    &["life"],
    &["network", "volume"],
    &["session"],
    &["output", "pulling"],
    &["engine"],
    &["image"],
    &["archive", "config"],
    &["base"],
    &["words"],
];

/// The imports between modules of one floor that are allowed: (importing, imported).
const SIBLINGS: &[(&str, &str)] = &[];

/// Returns each import that does not run down, and each module that is on no floor.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let package = Package::read(LIBRARY, &workspace.sources);
    wrong(&package.arrows(), FLOORS, SIBLINGS)
}

fn wrong(arrows: &[Arrow], floors: &[&[&str]], siblings: &[(&str, &str)]) -> Vec<String> {
    let floor = |module: &str| floors.iter().position(|floor| floor.contains(&module));
    let (mut upward, mut homeless) = (Vec::new(), Vec::new());
    for arrow in arrows {
        let (from, to) = (module(&arrow.from), module(&arrow.to));
        if from == to || from == "lib" {
            continue;
        }
        let (above, below) = (floor(from), floor(to));
        for (module, floor) in [(from, above), (to, below)] {
            if floor.is_none() && module != "lib" {
                homeless.push(format!("`{module}` is on no floor"));
            }
        }
        let is_wrong = match (above, below) {
            (Some(above), Some(below)) => {
                above > below || (above == below && !siblings.contains(&(from, to)))
            }
            // A name that `lib.rs` itself defines is above all.
            (Some(_), None) => to == "lib",
            _ => false,
        };
        if is_wrong {
            upward.push((from, to, arrow));
        }
    }
    homeless.sort();
    homeless.dedup();
    upward.sort();
    let lines = upward.iter().map(|(from, to, arrow)| {
        format!("{}:{}: `{from}` may not import `{to}`: `{}`", arrow.from, arrow.line, arrow.name)
    });
    homeless.into_iter().chain(lines).chain(summary(&upward)).collect()
}

/// Returns one line for each pair of modules, with all names that are imported.
fn summary(upward: &[(&str, &str, &Arrow)]) -> Vec<String> {
    let mut pairs = BTreeMap::<_, BTreeSet<_>>::new();
    for (from, to, arrow) in upward {
        pairs.entry((*from, *to)).or_default().insert(arrow.name.as_str());
    }
    let line = |((from, to), names): ((&str, &str), BTreeSet<&str>)| {
        format!("`{from}` → `{to}`: {}", Vec::from_iter(names).join(", "))
    };
    pairs.into_iter().map(line).collect()
}

/// Returns the top-level module that a file is in.
fn module(path: &str) -> &str {
    let path = path.strip_prefix(LIBRARY).unwrap_or(path);
    path.split('/').next().unwrap_or(path).trim_end_matches(".rs")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn an_import_that_does_not_run_down_is_reported() {
        let reported = |from: &str, to: &str| {
            let import = format!("use crate::{to}::Name;");
            let (from, to) = (format!("harness/src/{from}.rs"), format!("harness/src/{to}.rs"));
            let root = ("harness/src/lib.rs", "pub struct Root;");
            check(&Workspace::of(&[root, (&from, &import), (&to, "pub struct Name;")]))
        };
        assert_eq!(reported("driver", "words"), [""; 0]);
        let upward = "harness/src/words.rs:1: `words` may not import `driver`: `Name`";
        assert_eq!(reported("words", "driver"), [upward, "`words` → `driver`: Name"]);
        let sibling = "harness/src/pool.rs:1: `pool` may not import `monitor`: `Name`";
        assert_eq!(reported("pool", "monitor"), [sibling, "`pool` → `monitor`: Name"]);
        assert_eq!(reported("words", "attic"), ["`attic` is on no floor"]);
        assert!(wrong(&[], FLOORS, SIBLINGS).is_empty());
    }

    #[test]
    fn a_sibling_may_be_imported_if_the_table_says_so() {
        let arrow = Arrow {
            from: "harness/src/pool/a.rs".to_owned(),
            line: 1,
            to: "harness/src/monitor/b.rs".to_owned(),
            name: "B".to_owned(),
            is_reexport: false,
        };
        assert_eq!(wrong(std::slice::from_ref(&arrow), FLOORS, &[("pool", "monitor")]), [""; 0]);
        assert_eq!(wrong(&[arrow], FLOORS, &[("monitor", "pool")]).len(), 2);
    }

    #[test]
    fn what_the_root_defines_is_above_all() {
        let sources =
            [("harness/src/lib.rs", "pub struct Root;"), ("harness/src/driver.rs", "use crate::Root;")];
        assert_eq!(check(&Workspace::of(&sources)).len(), 2);
    }

    #[test]
    fn the_library_has_floors() {
        assert_clean(check);
    }
}
