//! Takes out of a source's tokens what is compiled for tests only.

use super::lexer::Token;

/// A source without the items under `#[cfg(test)]` and the like.
#[derive(Debug, Default)]
pub(crate) struct Shipped<'text> {
    pub(crate) tokens: Vec<Token<'text>>,
    /// The modules that are declared for tests only, and have a file of their own.
    pub(crate) test_modules: Vec<&'text str>,
    /// The first and the last line of each item that was taken out.
    pub(crate) test_lines: Vec<(usize, usize)>,
}

/// Splits a source into what is shipped and what is for tests.
pub(crate) fn shipped<'text>(tokens: &[Token<'text>]) -> Shipped<'text> {
    let mut shipped = Shipped::default();
    let mut at = 0;
    while at < tokens.len() {
        let Some(after) = test_attribute(tokens, at) else {
            shipped.tokens.push(tokens[at]);
            at += 1;
            continue;
        };
        let end = item_end(tokens, after);
        let item = &tokens[after..end];
        if let [.., keyword, name, last] = item
            && (keyword.text, last.text) == ("mod", ";")
        {
            shipped.test_modules.push(name.text);
        }
        shipped.test_lines.push((tokens[at].line, tokens[end - 1].line));
        at = end;
    }
    shipped
}

/// Returns the index after an attribute that has its item compiled for tests only, if one begins at `at`.
fn test_attribute(tokens: &[Token<'_>], at: usize) -> Option<usize> {
    let texts = |index: usize| tokens.get(index).map(|token| token.text);
    if (texts(at), texts(at + 1), texts(at + 2)) != (Some("#"), Some("["), Some("cfg")) {
        return None;
    }
    let end = group_end(tokens, at + 1);
    let condition = tokens.get(at + 4..end.checked_sub(2)?)?;
    let is_test = |text: &str| matches!(text, "test" | "doctest");
    let names_test = match condition {
        [only] => is_test(only.text),
        [all, ..] if all.text == "all" => condition.iter().any(|token| is_test(token.text)),
        _ => false,
    };
    names_test.then_some(end)
}

/// Returns the index after the group that begins at `at` with a bracket.
fn group_end(tokens: &[Token<'_>], at: usize) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// Returns the index after the item, field or variant that begins at `at`, attributes included.
fn item_end(tokens: &[Token<'_>], mut at: usize) -> usize {
    const ITEMS: &[&str] = &[
        "async",
        "const",
        "enum",
        "extern",
        "fn",
        "impl",
        "macro_rules",
        "mod",
        "static",
        "struct",
        "trait",
        "type",
        "unsafe",
        "use",
    ];
    let mut is_item = false;
    while at < tokens.len() {
        match tokens[at].text {
            "(" | "[" => at = group_end(tokens, at),
            "{" => return group_end(tokens, at),
            ";" => return at + 1,
            "," if !is_item => return at + 1,
            ")" | "]" | "}" => return at,
            word => {
                is_item |= ITEMS.contains(&word);
                at += 1;
            }
        }
    }
    tokens.len()
}

#[cfg(test)]
mod tests {
    use super::super::lexer::tokens;
    use super::*;

    fn left(source: &str) -> String {
        let tokens = tokens(source);
        shipped(&tokens).tokens.iter().map(|token| token.text).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn test_items_are_taken_out() {
        assert_eq!(left("a; #[cfg(test)] mod tests { use x; } b;"), "a ; b ;");
        assert_eq!(left("#[cfg(all(test, x))] #[y] fn f<A, B>(a: [u8; 3]) {} b"), "b");
        assert_eq!(left("struct S { #[cfg(test)] a: u8, b: u8 }"), "struct S { b : u8 }");
        assert_eq!(left("#[cfg(not(test))] a; #[cfg(any(test, x))] b;").matches("cfg").count(), 2);
    }

    #[test]
    fn test_modules_and_their_lines_are_reported() {
        let tokens = tokens("a\n#[cfg(test)]\nmod tests;\n#[cfg(test)]\nmod more {\n}\n");
        let shipped = shipped(&tokens);
        assert_eq!(shipped.test_modules, ["tests"]);
        assert_eq!(shipped.test_lines, [(2, 3), (4, 6)]);
    }
}
