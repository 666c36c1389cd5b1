//! The block that a failed wait prints (C26), as a reader sees it.

mod block;
mod ends;
#[path = "../common/observe.rs"]
mod observe;
mod output;
#[path = "../common/own_session.rs"]
mod own_session;
mod shown;
mod strategies;
mod trees;
