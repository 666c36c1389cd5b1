//! The modules of one package, and which of them imports which.
//!
//! A name that is imported from a folder's face is followed through `pub use` to the file that defines it.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::{Named, join};
use super::{Module, Source, modules, shipped, tokens};

/// An import of one file from another of the same package.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Arrow {
    /// The path of the file that imports.
    pub(crate) from: String,
    pub(crate) line: usize,
    /// The path of the file that defines the name.
    pub(crate) to: String,
    pub(crate) name: String,
    /// `true` if the name is only passed on, by `pub use`.
    pub(crate) is_reexport: bool,
}

/// A package's modules, without what is compiled for tests only.
#[derive(Debug, Default)]
pub(crate) struct Package {
    modules: BTreeMap<String, Module>,
    /// The file of each module.
    files: BTreeMap<String, String>,
}

/// A definition: the module that it is in, and its name. The name is empty for a module itself.
type Definition = (String, String);

impl Package {
    /// Reads the package whose `lib.rs` or `main.rs` is in `folder`, which ends with `/`.
    pub(crate) fn read(folder: &str, sources: &[Source]) -> Self {
        let mut package = Self::default();
        let mut test_modules = BTreeSet::new();
        for source in sources.iter().filter(|source| source.path.starts_with(folder)) {
            let path = module_path(&source.path[folder.len()..]);
            let tokens = tokens(&source.text);
            let shipped = shipped(&tokens);
            test_modules.extend(shipped.test_modules.iter().map(|name| join(&path, name)));
            for (path, module) in modules(&shipped.tokens, &path) {
                package.files.insert(path.clone(), source.path.clone());
                // A package of a library and a program has two roots: their parts are put together.
                let known = package.modules.entry(path).or_default();
                known.items.extend(module.items);
                known.uses.extend(module.uses);
                known.mentions.extend(module.mentions);
            }
        }
        package.modules.retain(|path, _| {
            !test_modules.iter().any(|test| path == test || path.starts_with(&format!("{test}::")))
        });
        package
    }

    /// Returns all imports between files, each name once for each file.
    pub(crate) fn arrows(&self) -> Vec<Arrow> {
        let mut seen = BTreeSet::new();
        let mut arrows = Vec::new();
        for (path, module) in &self.modules {
            let uses = module.uses.iter().map(|one| (&one.named, one.is_public));
            let mentions = module.mentions.iter().map(|named| (named, false));
            for (named, is_reexport) in uses.chain(mentions) {
                let Some((to, name)) = self.definition(path, named) else { continue };
                let (from, to_file) = (self.files[path].clone(), self.files[&to].clone());
                let name = if name.is_empty() { to } else { name };
                if from != to_file && seen.insert((from.clone(), to_file.clone(), name.clone(), is_reexport))
                {
                    arrows.push(Arrow { from, line: named.line, to: to_file, name, is_reexport });
                }
            }
        }
        arrows.sort();
        arrows
    }

    /// Returns what a path in a module leads to; nothing for what other packages define.
    fn definition(&self, module: &str, named: &Named) -> Option<Definition> {
        self.follow(module, &named.path, 0)
    }

    fn follow(&self, module: &str, path: &[String], depth: usize) -> Option<Definition> {
        let (first, rest) = path.split_first()?;
        // Two modules may pass on the same name to each other.
        if depth > 16 {
            return None;
        }
        match first.as_str() {
            "crate" => self.descend("", rest, depth),
            "self" => self.descend(module, rest, depth),
            "super" => {
                let parent = module.rsplit_once("::").map_or("", |(parent, _)| parent);
                match rest.first().map(String::as_str) {
                    Some("super") => self.follow(parent, rest, depth),
                    _ => self.descend(parent, rest, depth),
                }
            }
            _ => {
                let own = &self.modules[module];
                let is_known = own.uses.iter().any(|one| one.name == *first && one.named.path != path)
                    || self.modules.contains_key(&join(module, first));
                if is_known { self.descend(module, path, depth) } else { None }
            }
        }
    }

    /// Follows a path from a module down.
    fn descend(&self, module: &str, path: &[String], depth: usize) -> Option<Definition> {
        let here = self.modules.get(module)?;
        let Some((name, rest)) = path.split_first() else {
            return Some((module.to_owned(), String::new()));
        };
        if name == "*" {
            return Some((module.to_owned(), String::new()));
        }
        let child = join(module, name);
        if !rest.is_empty() && self.modules.contains_key(&child) {
            return self.descend(&child, rest, depth);
        }
        if let Some(passed) = here.uses.iter().find(|one| one.name == *name) {
            let (to, defined) = self.follow(module, &passed.named.path, depth + 1)?;
            // What follows the name of a type is a name within it.
            return if defined.is_empty() { self.descend(&to, rest, depth + 1) } else { Some((to, defined)) };
        }
        if self.modules.contains_key(&child) {
            return self.descend(&child, rest, depth);
        }
        if !here.items.contains(name) {
            let globs = here.uses.iter().filter(|one| one.name == "*");
            let mut found = globs.filter_map(|glob| {
                let (to, _) = self.follow(module, &glob.named.path, depth + 1)?;
                self.descend(&to, path, depth + 1).filter(|(to, name)| self.modules[to].items.contains(name))
            });
            if let Some(found) = found.next() {
                return Some(found);
            }
        }
        Some((module.to_owned(), name.clone()))
    }
}

/// Returns the module of a file, by its path below the folder of sources.
fn module_path(file: &str) -> String {
    let path = file.trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    if matches!(path, "lib" | "main" | "mod") { String::new() } else { path.replace('/', "::") }
}

#[cfg(test)]
mod tests {
    use super::super::Workspace;
    use super::*;

    fn arrows(files: &[(&str, &str)]) -> Vec<String> {
        let arrows = Package::read("p/src/", &Workspace::of(files).sources).arrows();
        arrows.iter().map(|one| format!("{}:{} {} {}", one.from, one.line, one.to, one.name)).collect()
    }

    const LIB: (&str, &str) = ("p/src/lib.rs", "mod a; mod b; mod c; pub use b::B;");
    const FACE: (&str, &str) = ("p/src/b/mod.rs", "mod deep;\npub use deep::B;");
    const DEEP: (&str, &str) = ("p/src/b/deep.rs", "pub struct B; pub fn f() {}");

    #[test]
    fn a_name_is_followed_to_the_file_that_defines_it() {
        for path in ["crate::b::B", "super::b::B", "crate::B", "crate::b::B::new"] {
            let user = format!("fn f() {{\n  {path};\n}}");
            let reported = arrows(&[LIB, FACE, DEEP, ("p/src/a.rs", &user)]);
            assert!(reported.contains(&"p/src/a.rs:2 p/src/b/deep.rs B".to_owned()), "{path}: {reported:?}");
        }
    }

    #[test]
    fn a_module_that_was_imported_is_followed() {
        let reported =
            arrows(&[LIB, FACE, DEEP, ("p/src/a.rs", "use crate::b::deep;\nfn g() { deep::f() }")]);
        assert!(reported.contains(&"p/src/a.rs:1 p/src/b/deep.rs b::deep".to_owned()), "{reported:?}");
        assert!(reported.contains(&"p/src/a.rs:2 p/src/b/deep.rs f".to_owned()), "{reported:?}");
    }

    #[test]
    fn a_glob_and_a_renamed_name_are_followed() {
        let face = ("p/src/b/mod.rs", "pub use deep::*; pub use deep::f as g;");
        let reported = arrows(&[LIB, face, DEEP, ("p/src/a.rs", "use crate::b::{B, g};")]);
        assert!(reported.contains(&"p/src/a.rs:1 p/src/b/deep.rs B".to_owned()), "{reported:?}");
        assert!(reported.contains(&"p/src/a.rs:1 p/src/b/deep.rs f".to_owned()), "{reported:?}");
    }

    #[test]
    fn tests_and_other_packages_are_left_out() {
        let user = "use std::fmt; use bollard::models::B; #[cfg(test)] use crate::b::B; #[cfg(test)] mod t;";
        let reported = arrows(&[LIB, FACE, DEEP, ("p/src/a.rs", user), ("p/src/a/t.rs", "use crate::b::B;")]);
        assert!(!reported.iter().any(|arrow| arrow.starts_with("p/src/a")), "{reported:?}");
    }
}
