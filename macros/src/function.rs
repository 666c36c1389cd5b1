//! The function below the attribute, taken apart as far as the expansion needs.

use proc_macro::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};

use crate::error::CompileError;

/// A function: its attributes, its head, its body.
pub(crate) struct Function {
    /// Other attributes, with their `#`.
    pub(crate) attributes: TokenStream,
    /// The last name in each attribute's path: `test` of `#[tokio::test]`.
    pub(crate) attribute_names: Vec<String>,
    /// Everything from the visibility to the return type, without `async`.
    pub(crate) head: TokenStream,
    pub(crate) name: Ident,
    pub(crate) is_async: bool,
    /// The place of the first argument, if there is one.
    pub(crate) first_argument: Option<Span>,
    /// The type that it returns; `None` if that has no name.
    pub(crate) output: Option<TokenStream>,
    pub(crate) body: Group,
}

impl Function {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self, CompileError> {
        let mut tokens: Vec<_> = tokens.into_iter().collect();
        let no_function =
            |span| CompileError::new(span, "`#[seatrial::test]` goes above a function with a body");
        let body = match tokens.pop() {
            Some(TokenTree::Group(body)) if body.delimiter() == Delimiter::Brace => body,
            other => return Err(no_function(other.map_or_else(Span::call_site, |token| token.span()))),
        };
        let attributes_end = tokens.chunks(2).take_while(|pair| is_attribute(pair)).count() * 2;
        let head = tokens.split_off(attributes_end);
        let attribute_names = tokens.iter().filter_map(attribute_name).collect();
        let at =
            head.iter().position(|token| is_word(token, "fn")).ok_or_else(|| no_function(body.span()))?;
        let arguments_at = (at..head.len()).find(|n| arguments(&head[*n]).is_some());
        let (name, arguments_at) = match (head.get(at + 1), arguments_at) {
            (Some(TokenTree::Ident(name)), Some(arguments_at)) => (name.clone(), arguments_at),
            _ => return Err(no_function(head[at].span())),
        };
        let is_async = head[..at].iter().any(|token| is_word(token, "async"));
        let arguments = arguments(&head[arguments_at]);
        let first_argument =
            arguments.and_then(|all| all.stream().into_iter().next()).map(|token| token.span());
        let output = output(&head[arguments_at + 1..]);
        let without_async = head.into_iter().enumerate();
        let without_async = without_async.filter(|(n, token)| *n > at || !is_word(token, "async"));
        Ok(Self {
            attributes: tokens.into_iter().collect(),
            attribute_names,
            head: without_async.map(|(_, token)| token).collect(),
            name,
            is_async,
            first_argument,
            output,
            body,
        })
    }
}

/// Returns `true` for `#` and brackets.
fn is_attribute(pair: &[TokenTree]) -> bool {
    matches!(pair, [TokenTree::Punct(hash), TokenTree::Group(group)]
        if hash.as_char() == '#' && group.delimiter() == Delimiter::Bracket)
}

/// Returns the last name in the path of an attribute.
fn attribute_name(token: &TokenTree) -> Option<String> {
    let TokenTree::Group(group) = token else { return None };
    let mut name = None;
    for token in group.stream() {
        match token {
            TokenTree::Ident(ident) => name = Some(ident.to_string()),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    name
}

/// Returns `true` for this name or keyword.
fn is_word(token: &TokenTree, word: &str) -> bool {
    matches!(token, TokenTree::Ident(ident) if ident.to_string() == word)
}

/// Returns the list of arguments.
fn arguments(token: &TokenTree) -> Option<&Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group),
        _ => None,
    }
}

/// Returns the type behind the arrow that follows the arguments. Without an arrow, that is `()`.
fn output(tail: &[TokenTree]) -> Option<TokenStream> {
    let [TokenTree::Punct(dash), TokenTree::Punct(_), output @ ..] = tail else { return Some(unit()) };
    if dash.as_char() != '-' {
        return Some(unit());
    }
    let is_unnamed = output.first().is_some_and(|token| is_word(token, "impl"));
    let output = output.iter().take_while(|token| !is_word(token, "where")).cloned();
    (!is_unnamed).then(|| output.collect())
}

fn unit() -> TokenStream {
    TokenTree::Group(Group::new(Delimiter::Parenthesis, TokenStream::new())).into()
}
