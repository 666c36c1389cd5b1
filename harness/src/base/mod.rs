//! The process's background thread, and the pauses between retries.

mod background;
mod retry;

pub(crate) use background::{Background, Run, background, blocking, within};
pub(crate) use retry::Backoff;
