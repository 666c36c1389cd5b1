//! Names that may stand in a few files only.

use crate::tidy::reading::{Source, Workspace, modules, shipped, test_files, tokens};

/// Names, and the files that may contain them. A path with `/` at its end is a folder.
pub(super) struct Naming {
    /// The reason of the rule, as its violations tell it.
    pub(super) reason: &'static str,
    /// The files that are looked at.
    pub(super) within: &'static [&'static str],
    /// Paths (`a::b`, with all that is in it), methods (`.m`) and beginnings of strings (`"s`).
    pub(super) names: &'static [&'static str],
    /// Paths that may be named all the same.
    pub(super) except: &'static [&'static str],
    /// The files that may contain them.
    pub(super) allowed: &'static [&'static str],
}

impl Naming {
    /// Returns each name that stands where it may not, tests aside.
    pub(super) fn check(&self, workspace: &Workspace) -> Vec<String> {
        let is_in = |places: &[&str], path: &str| {
            places.iter().any(|place| path == *place || (!place.ends_with(".rs") && path.starts_with(place)))
        };
        let files = workspace.sources.iter().filter(|source| is_in(self.within, &source.path));
        let test_files = test_files(files.clone());
        let is_free = |path: &str| is_in(self.allowed, path) || test_files.contains(path);
        let mut wrong = Vec::new();
        for source in files.filter(|source| !is_free(&source.path)) {
            for (line, name) in names(source) {
                if self.names.iter().any(|kind| matches(&name, kind))
                    && !self.except.iter().any(|kind| matches(&name, kind))
                {
                    wrong.push(format!("{}:{line}: `{name}`: {}", source.path, self.reason));
                }
            }
        }
        wrong
    }
}

/// Tells whether a name is one of a kind, as [`Naming::names`] lists them.
fn matches(name: &str, kind: &str) -> bool {
    match name.strip_prefix(kind) {
        Some(rest) => rest.is_empty() || kind.starts_with('"') || rest.starts_with("::"),
        None => false,
    }
}

/// Returns the paths, methods and strings in a source with their lines, tests aside.
fn names(source: &Source) -> Vec<(usize, String)> {
    let tokens = tokens(&source.text);
    let tokens = shipped(&tokens).tokens;
    let mut names = Vec::new();
    for module in modules(&tokens, "").values() {
        names.extend(module.uses.iter().map(|one| (one.named.line, one.named.path.join("::"))));
        for mention in &module.mentions {
            let imported = module.uses.iter().find(|one| one.name == mention.path[0]);
            let first = imported.map_or_else(|| mention.path[..1].to_vec(), |one| one.named.path.clone());
            names.push((mention.line, [&first, &mention.path[1..]].concat().join("::")));
        }
    }
    let methods = tokens.windows(2).filter(|pair| pair[0].text == ".");
    names.extend(methods.map(|pair| (pair[1].line, format!(".{}", pair[1].text))));
    let strings = tokens.iter().filter(|token| token.text.starts_with('"'));
    names.extend(strings.map(|token| (token.line, token.text.trim_end_matches('"').to_owned())));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMING: Naming = Naming {
        reason: "for a reason",
        within: &["a/src/"],
        names: &["std::env::var", "client", ".remove", "\"label."],
        except: &["client::models"],
        allowed: &["a/src/b/", "a/src/c.rs"],
    };

    fn of(path: &str, text: &str) -> Vec<String> {
        NAMING.check(&Workspace::of(&[(path, text)]))
    }

    #[test]
    fn a_name_where_it_may_not_stand_is_reported() {
        for (text, name) in [
            ("use client::{Docker, models::M};", "client::Docker"),
            ("fn f() { std::env::var(x) }", "std::env::var"),
            ("use std::env; fn f() { env::var(x) }", "std::env::var"),
            ("fn f() { x.remove() }", ".remove"),
            ("const L: &str = \"label.x\";", "\"label.x"),
        ] {
            assert_eq!(of("a/src/d.rs", text), [format!("a/src/d.rs:1: `{name}`: for a reason")]);
            assert_eq!(
                [of("a/src/b/d.rs", text), of("a/src/c.rs", text), of("e/src/d.rs", text)],
                [[""; 0]; 3]
            );
        }
    }

    #[test]
    fn similar_names_are_not_reported() {
        let text = "use client::models::M; use clients::C; fn f() { env::var(x); x.remove_all(); \"labels\" } \
                    #[cfg(test)] mod tests { use client::Docker; }";
        assert_eq!(of("a/src/d.rs", text), [""; 0]);
    }
}
