//! Compile errors at the place of a token.

use proc_macro::{Delimiter, Group, Ident, Literal, Punct, Spacing, Span, TokenStream, TokenTree};

/// A compile error.
pub(crate) struct CompileError {
    span: Span,
    message: String,
}

impl CompileError {
    pub(crate) fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into() }
    }

    /// Returns `::core::compile_error! { "message" }` at the place of the error.
    pub(crate) fn into_tokens(self) -> TokenStream {
        let span = self.span;
        let punct = |char, spacing| {
            let mut punct = Punct::new(char, spacing);
            punct.set_span(span);
            TokenTree::Punct(punct)
        };
        let ident = |name| TokenTree::Ident(Ident::new(name, span));
        let mut literal = Literal::string(&self.message);
        literal.set_span(span);
        let mut message = Group::new(Delimiter::Brace, TokenTree::Literal(literal).into());
        message.set_span(span);
        let path = |name| [punct(':', Spacing::Joint), punct(':', Spacing::Alone), ident(name)];
        let mut tokens = TokenStream::new();
        tokens.extend(path("core"));
        tokens.extend(path("compile_error"));
        tokens.extend([punct('!', Spacing::Alone), TokenTree::Group(message)]);
        tokens
    }
}
