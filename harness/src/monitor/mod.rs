//! Observation of containers: streams of snapshots and resource samples.

mod follow;
#[expect(clippy::module_inception, reason = "it is the noun")]
mod monitor;
mod rates;
mod read;
mod samples;
mod snapshot;
mod stats;
mod thin;

pub use monitor::Monitor;

pub use rates::Rates;

pub use samples::StatsStream;
pub(crate) use samples::each_sample;
pub use snapshot::{Phase, Snapshot};
pub use stats::{Stats, Traffic};

pub use crate::life::{AfterExit, LastRun, ProfileHook, ProfileTarget};
