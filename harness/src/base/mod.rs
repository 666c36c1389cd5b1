//! The process's background thread, the test that a thread runs, the pauses between retries, and messages on stderr.

mod awake;
mod background;
mod name;
mod retry;
mod stderr;
mod test_run;
mod test_scope;

pub(crate) use awake::{deadline, stopped};
pub(crate) use background::{Background, Run, background, blocking, sleep, timeout, timeout_at, within};
pub(crate) use name::{caller_name, check_name, default_name, random_name};
pub(crate) use retry::Backoff;
pub(crate) use stderr::tell;
pub use test_run::{OfAny, OfResult, Outcome, Test};
pub(crate) use test_scope::{TestScope, is_failing};
