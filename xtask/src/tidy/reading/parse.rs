//! Reads from tokens what a module defines, what it imports, and which paths its code names.

use std::collections::{BTreeMap, BTreeSet};

use super::lexer::Token;

/// A path with the line that it is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) path: Vec<String>,
    pub(crate) line: usize,
}

/// One name of a `use` declaration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) named: Named,
    /// The name that it has here; `*` for everything of a module.
    pub(crate) name: String,
    /// `true` for `pub use`, however far it is visible.
    pub(crate) is_public: bool,
}

/// A module, in a file or within another one.
#[derive(Debug, Default)]
pub(crate) struct Module {
    pub(crate) items: BTreeSet<String>,
    pub(crate) uses: Vec<Use>,
    /// Paths in its code, beside the `use` declarations.
    pub(crate) mentions: Vec<Named>,
}

/// Returns the module of a file, whose path is `path`, and those that are written out within it.
pub(crate) fn modules(tokens: &[Token<'_>], path: &str) -> BTreeMap<String, Module> {
    let mut reader = Reader { tokens, at: 0, modules: BTreeMap::new() };
    reader.module(path);
    reader.modules
}

struct Reader<'tokens, 'text> {
    tokens: &'tokens [Token<'text>],
    at: usize,
    modules: BTreeMap<String, Module>,
}

impl Reader<'_, '_> {
    fn text(&self, ahead: usize) -> &str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    /// Reads up to the bracket that closes the module.
    fn module(&mut self, path: &str) {
        let mut module = Module::default();
        let mut depth = 0_usize;
        while self.at < self.tokens.len() {
            match self.text(0) {
                "{" => depth += 1,
                "}" if depth == 0 => break,
                "}" => depth -= 1,
                "mod" if self.text(2) == "{" => {
                    let inner = join(path, self.text(1));
                    self.at += 3;
                    self.module(&inner);
                }
                "use" if is_word(self.text(1)) || self.text(1) == "::" || self.text(1) == "{" => {
                    let is_public = self.follows_visibility();
                    self.at += 1;
                    self.use_tree(&mut Vec::new(), is_public, &mut module.uses);
                    continue;
                }
                word if depth == 0 && defines(word) && is_word(self.text(1)) => {
                    module.items.insert(self.text(1).to_owned());
                }
                "macro_rules" if self.text(1) == "!" => {
                    module.items.insert(self.text(2).to_owned());
                }
                word if is_word(word) && self.text(1) == "::" => {
                    let mention = self.path();
                    module.mentions.push(mention);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.modules.insert(path.to_owned(), module);
    }

    /// Tells whether `pub` or `pub(…)` stands before the current token.
    fn follows_visibility(&self) -> bool {
        let before = |back: usize| self.at.checked_sub(back).map_or("", |index| self.tokens[index].text);
        before(1) == "pub" || (before(1) == ")" && (2..8).any(|back| before(back) == "pub"))
    }

    /// Reads a path in code: `a::b::C`.
    fn path(&mut self) -> Named {
        let mut named = Named { path: Vec::new(), line: self.tokens[self.at].line };
        while is_word(self.text(0)) {
            named.path.push(self.text(0).to_owned());
            self.at += 1;
            if self.text(0) != "::" || !is_word(self.text(1)) {
                break;
            }
            self.at += 1;
        }
        named
    }

    /// Reads one branch of a `use` declaration, up to the token after it.
    fn use_tree(&mut self, prefix: &mut Vec<String>, is_public: bool, uses: &mut Vec<Use>) {
        let length = prefix.len();
        loop {
            let line = self.tokens.get(self.at).map_or(0, |token| token.line);
            match self.text(0).to_owned().as_str() {
                "::" => self.at += 1,
                "{" => {
                    self.at += 1;
                    while !matches!(self.text(0), "}" | "") {
                        self.use_tree(prefix, is_public, uses);
                        if self.text(0) == "," {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    break;
                }
                word if (is_word(word) || word == "*") && self.text(1) != "::" => {
                    self.at += 1;
                    let named = Named { path: whole(prefix, word), line };
                    let mut name = named.path.last().cloned().unwrap_or_default();
                    if self.text(0) == "as" {
                        self.text(1).clone_into(&mut name);
                        self.at += 2;
                    }
                    uses.push(Use { named, name, is_public });
                    break;
                }
                word if is_word(word) => {
                    prefix.push(word.to_owned());
                    self.at += 1;
                }
                _ => break,
            }
        }
        prefix.truncate(length);
    }
}

/// Returns a path's prefix with its last name; `self` at the end stands for the prefix.
fn whole(prefix: &[String], last: &str) -> Vec<String> {
    let mut path = prefix.to_vec();
    if last != "self" || path.is_empty() {
        path.push(last.to_owned());
    }
    path
}

/// Returns the path of a module's child.
pub(crate) fn join(parent: &str, child: &str) -> String {
    if parent.is_empty() { child.to_owned() } else { format!("{parent}::{child}") }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_alphabetic() || first == '_')
}

fn defines(word: &str) -> bool {
    matches!(word, "fn" | "struct" | "enum" | "union" | "trait" | "type" | "const" | "static" | "mod")
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn only(source: &str) -> Module {
        modules(&tokens(source), "m").remove("m").expect("the file's own")
    }

    #[test]
    fn each_name_of_a_use_is_reported() {
        let uses = only("pub(crate) use a::{self, b::{C, d as D}, e::*};\nuse x;").uses;
        let reported: Vec<_> = uses
            .iter()
            .map(|one| (one.named.path.join("::"), one.name.as_str(), one.is_public, one.named.line))
            .collect();
        let reported: Vec<_> = reported.iter().map(|one| (one.0.as_str(), one.1, one.2, one.3)).collect();
        assert_eq!(
            reported,
            [
                ("a", "a", true, 1),
                ("a::b::C", "C", true, 1),
                ("a::b::d", "D", true, 1),
                ("a::e::*", "*", true, 1),
                ("x", "x", false, 2),
            ]
        );
    }

    #[test]
    fn items_and_the_paths_in_code_are_reported() {
        let module = only("struct S; impl S { fn f(&self) { crate::a::B::new(); } }\nfn g() -> super::T {}");
        assert_eq!(module.items, BTreeSet::from(["S".to_owned(), "g".to_owned()]));
        let mentions: Vec<_> = module.mentions.iter().map(|named| named.path.join("::")).collect();
        assert_eq!(mentions, ["crate::a::B::new", "super::T"]);
    }

    #[test]
    fn a_module_within_a_file_is_one_of_its_own() {
        let modules = modules(&tokens("mod inner { use super::A; fn f() {} } fn g() {}"), "m");
        assert!(modules["m::inner"].items.contains("f") && modules["m"].items.contains("g"));
        assert_eq!(modules["m::inner"].uses.len(), 1);
    }
}
