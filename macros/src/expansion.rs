//! The expansion: the function with another body, which runs the old one.

use std::fmt::Write as _;

use proc_macro::{Delimiter, Group, TokenStream, TokenTree};

use crate::error::CompileError;
use crate::function::Function;
use crate::options::Options;

/// Returns the test.
pub(crate) fn expand(options: TokenStream, function: TokenStream) -> Result<TokenStream, CompileError> {
    let options = Options::parse(options)?;
    let function = Function::parse(function)?;
    let has = |name: &str| function.attribute_names.iter().any(|other| other == name);
    if let (Some(span), false) = (options.first, function.is_async) {
        return Err(CompileError::new(span, "a function without `async` runs without a runtime"));
    }
    if let (Some(span), false) = (function.first_argument, has("rstest")) {
        return Err(CompileError::new(span, "a test has no arguments, unless `#[rstest]` gives them to it"));
    }
    if has("test") {
        return Err(CompileError::new(
            function.name.span(),
            "it has another attribute `test`; one is enough",
        ));
    }
    let body = body(&options, &function, has("should_panic"));
    let mut tokens = TokenStream::new();
    if !has("rstest") {
        tokens.extend(code("#[::core::prelude::v1::test]"));
    }
    tokens.extend(function.attributes);
    tokens.extend(function.head);
    tokens.extend([TokenTree::Group(body)]);
    Ok(tokens)
}

/// Returns the body that runs the function's own.
fn body(options: &Options, function: &Function, should_panic: bool) -> Group {
    let mut prelude = format!(
        "let test = ::seatrial::__private::Test::begin(::core::module_path!(), {:?}, {should_panic});",
        function.name.to_string()
    );
    if options.is_multi_thread {
        prelude += "let mut runtime = ::tokio::runtime::Builder::new_multi_thread();";
        if let Some(threads) = options.worker_threads {
            let _ = write!(prelude, "runtime.worker_threads({threads});");
        }
    }
    let (run, start) = match (function.is_async, options.is_multi_thread) {
        (true, true) => ("test.run_on", "&mut runtime, async move"),
        (true, false) => ("test.run_async", "async move"),
        (false, _) => ("test.run", "move ||"),
    };
    // The old body keeps its place for error messages.
    let mut arguments = code(start);
    arguments.extend([TokenTree::Group(function.body.clone())]);
    let mut tokens = code(&prelude);
    tokens.extend(code("let outcome"));
    if let Some(output) = &function.output {
        // A body that never ends has no type of its own.
        tokens.extend(code(":"));
        tokens.extend(output.clone());
    }
    tokens.extend(code("="));
    tokens.extend(code(run));
    tokens.extend([TokenTree::Group(Group::new(Delimiter::Parenthesis, arguments))]);
    tokens.extend(code(
        "; { use ::seatrial::__private::{OfAny as _, OfResult as _}; \
           test.end((&::seatrial::__private::Outcome(&outcome)).has_failed()); } outcome",
    ));
    Group::new(Delimiter::Brace, tokens)
}

/// Returns Rust code as tokens.
fn code(text: &str) -> TokenStream {
    text.parse().expect("it is Rust")
}
