//! The options of the attribute.

use proc_macro::{Span, TokenStream, TokenTree};

use crate::error::CompileError;

const KNOWN: &str =
    "the options are `flavor = \"current_thread\"`, `flavor = \"multi_thread\"` and `worker_threads = N`";

/// The options of the attribute.
pub(crate) struct Options {
    pub(crate) is_multi_thread: bool,
    pub(crate) worker_threads: Option<usize>,
    /// The place of the first option, if there is one.
    pub(crate) first: Option<Span>,
}

impl Options {
    pub(crate) fn parse(tokens: TokenStream) -> Result<Self, CompileError> {
        let mut options = Self { is_multi_thread: false, worker_threads: None, first: None };
        let mut threads_at = None;
        let mut tokens = tokens.into_iter();
        while let Some(name) = tokens.next() {
            options.first.get_or_insert(name.span());
            let is_equals = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == '=');
            let value = match (tokens.next().filter(is_equals), tokens.next()) {
                (Some(_), Some(value)) => value,
                _ => return Err(CompileError::new(name.span(), format!("`{name}` has no value; {KNOWN}"))),
            };
            match name.to_string().as_str() {
                "flavor" => match value.to_string().as_str() {
                    "\"multi_thread\"" => options.is_multi_thread = true,
                    "\"current_thread\"" => options.is_multi_thread = false,
                    _ => return Err(CompileError::new(value.span(), format!("no such flavor; {KNOWN}"))),
                },
                "worker_threads" => {
                    let count = value.to_string().replace('_', "").parse().ok().filter(|count| *count > 0);
                    let wrong = || CompileError::new(value.span(), "`worker_threads` is a number from 1 on");
                    options.worker_threads = Some(count.ok_or_else(wrong)?);
                    threads_at = Some(name.span());
                }
                _ => return Err(CompileError::new(name.span(), format!("no option `{name}`; {KNOWN}"))),
            }
            match tokens.next() {
                Some(TokenTree::Punct(comma)) if comma.as_char() == ',' => {}
                Some(other) => return Err(CompileError::new(other.span(), format!("expected `,`; {KNOWN}"))),
                None => {}
            }
        }
        match threads_at {
            Some(span) if !options.is_multi_thread => {
                Err(CompileError::new(span, "`worker_threads` needs `flavor = \"multi_thread\"`"))
            }
            _ => Ok(options),
        }
    }
}
