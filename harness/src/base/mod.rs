//! The process's background thread, the pauses between retries, and messages on stderr.

mod background;
mod retry;
mod stderr;

pub(crate) use background::{Background, Run, background, blocking, within};
pub(crate) use retry::Backoff;
pub(crate) use stderr::tell;
