//! `lib.rs` and `mod.rs` hold documentation, `mod` lines, re-exports and at most types, but no functions.

use crate::tidy::reading::{Workspace, shipped, tokens};

/// Returns each `lib.rs` and `mod.rs` that has functions, with their names.
pub(crate) fn check(workspace: &Workspace) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in workspace.sources.iter().filter(|source| is_root(&source.path)) {
        let tokens = tokens(&source.text);
        let tokens = shipped(&tokens).tokens;
        let functions = tokens.windows(2).filter(|pair| pair[0].text == "fn" && pair[1].text != "(");
        let names: Vec<_> =
            functions.map(|pair| format!("`{}` in line {}", pair[1].text, pair[0].line)).collect();
        if !names.is_empty() {
            wrong.push(format!(
                "{}: move the functions to a file of their own: {}",
                source.path,
                names.join(", ")
            ));
        }
    }
    wrong
}

/// Returns `true` for the `lib.rs` and `mod.rs` of packages. Examples share code by a `mod.rs`, since any other file
/// would be an example. The compiler takes a procedural macro from its crate's root alone.
fn is_root(path: &str) -> bool {
    path != "macros/src/lib.rs"
        && path.contains("/src/")
        && (path.ends_with("/lib.rs") || path.ends_with("/mod.rs"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::assert_clean;

    #[test]
    fn a_function_in_a_module_root_is_reported() {
        let of = |path: &str, text: &str| check(&Workspace::of(&[(path, text)]));
        let text = "mod a;\nimpl S { pub fn make() {} }";
        let reported = "a/src/b/mod.rs: move the functions to a file of their own: `make` in line 2";
        assert_eq!(of("a/src/b/mod.rs", text), [reported]);
        assert_eq!(of("a/src/lib.rs", text).len(), 1);
        assert_eq!([of("a/src/b/c.rs", text), of("a/examples/support/mod.rs", text)], [[""; 0]; 2]);
        assert_eq!(of("a/src/lib.rs", "type F = fn(u8); #[cfg(test)] mod tests { fn f() {} }"), [""; 0]);
    }

    #[test]
    fn module_roots_have_no_functions() {
        assert_clean(check);
    }
}
