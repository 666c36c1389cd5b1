//! Reads Rust sources as text, without a compiler: tokens, modules, imports, what is compiled for tests only.

mod lexer;
mod package;
mod parse;
mod source;
mod test_code;
mod test_files;

pub(crate) use lexer::tokens;
pub(crate) use package::{Arrow, Package};
pub(crate) use parse::{Module, modules};
pub(crate) use source::{Source, Workspace};
pub(crate) use test_code::shipped;
pub(crate) use test_files::test_files;
