//! Observation of containers: resource samples, streams of snapshots, restarts decided by user code, and the profiler's
//! hook.

mod course;
mod follow;
#[expect(clippy::module_inception, reason = "it is the noun")]
mod monitor;
mod profile;
mod rates;
mod read;
mod restart;
mod samples;
mod snapshot;
mod stats;
mod supervisor;
mod thin;
mod user_code;

pub(crate) use course::{Course, Intent};
pub use monitor::Monitor;
pub(crate) use monitor::Reporter;
pub(crate) use profile::Profiler;
pub use profile::{ProfileHook, ProfileTarget};
pub use rates::Rates;
pub(crate) use restart::Restarts;
pub use restart::{AfterExit, LastRun};
pub use samples::StatsStream;
pub(crate) use samples::each_sample;
pub use snapshot::{Phase, Snapshot};
pub use stats::{Stats, Traffic};
pub(crate) use supervisor::Supervisor;
