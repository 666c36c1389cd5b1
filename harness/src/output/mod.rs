//! A container's output: its log, the reader of its attached streams, and the search in them.

mod consumer;
mod kept;
mod log_match;
mod logs;
mod source;
mod tap;

pub(crate) use consumer::Listeners;
pub(crate) use kept::{Collected, Retain};
pub use log_match::LogMatch;
pub(crate) use log_match::{Likeness, LogMatcher, LoosePattern, Pattern, Streams};
pub(crate) use logs::Consumer;
pub use logs::{LogLines, LogOutput, Logs};
pub(crate) use tap::{LogOutcome, Tap, Watcher};
