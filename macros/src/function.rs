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
        let is_word =
            |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(i) if i.to_string() == word);
        let at =
            head.iter().position(|token| is_word(token, "fn")).ok_or_else(|| no_function(body.span()))?;
        let (name, arguments) = match (head.get(at + 1), head[at..].iter().find_map(arguments)) {
            (Some(TokenTree::Ident(name)), Some(arguments)) => (name.clone(), arguments),
            _ => return Err(no_function(head[at].span())),
        };
        let is_async = head[..at].iter().any(|token| is_word(token, "async"));
        let first_argument = arguments.stream().into_iter().next().map(|token| token.span());
        let output = output(&head);
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

/// Returns the list of arguments.
fn arguments(token: &TokenTree) -> Option<Group> {
    match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Parenthesis => Some(group.clone()),
        _ => None,
    }
}

/// Returns the type behind the last arrow of a head. Without an arrow, that is `()`.
fn output(head: &[TokenTree]) -> Option<TokenStream> {
    let is_arrow = |pair: &[TokenTree]| matches!(pair, [TokenTree::Punct(a), TokenTree::Punct(b)] if a.as_char() == '-' && b.as_char() == '>');
    let is_word =
        |token: &TokenTree, word: &str| matches!(token, TokenTree::Ident(i) if i.to_string() == word);
    let after_arguments = head.iter().position(|token| arguments(token).is_some()).unwrap_or_default();
    let tail = &head[after_arguments..];
    let Some(arrow) = tail.windows(2).position(is_arrow) else {
        return Some(TokenTree::Group(Group::new(Delimiter::Parenthesis, TokenStream::new())).into());
    };
    let output = tail[arrow + 2..].iter().take_while(|token| !is_word(token, "where"));
    let output: Vec<_> = output.cloned().collect();
    let is_unnamed = output.first().is_some_and(|token| is_word(token, "impl"));
    (!is_unnamed).then(|| output.into_iter().collect())
}
