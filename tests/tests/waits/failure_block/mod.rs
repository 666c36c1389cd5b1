//! The block that a failed wait prints (C26), as a reader sees it.

mod block;
mod ends;
mod output;
mod shown;
mod strategies;
mod trees;
