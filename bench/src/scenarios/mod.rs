//! The scenarios, one file each.

mod case_transport;
mod cases;
pub(crate) mod copy_in;
mod crates;
mod departures;
mod drop_return;
mod exec;
mod exec_timeout;
pub(crate) mod log_wait;
pub(crate) mod pool;
mod prune;
mod reaper;
mod remove_many;
pub(crate) mod requests;
mod run_all;
mod runner_memory;
mod start;
mod watch;

pub(crate) use run_all::run_all;
