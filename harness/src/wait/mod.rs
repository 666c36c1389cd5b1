//! Wait strategies: conditions that a request names, and the code that waits for them.
//!
//! A strategy uses the engine's streams where there is one for its condition. Conditions that can only be polled (a
//! port, an HTTP answer, a command, a file) are polled with growing pauses; each file states the reason.

mod branch;
mod branches;
mod cx;
mod declared;
mod drive;
mod exec;
mod file;
mod health;
mod http;
mod log;
mod near_miss;
mod port;
mod strategy;
mod wait_for;
mod waited;

pub(crate) use branch::Branch;
pub use branches::{FromIter, FromTuple, IntoBranches};
pub(crate) use declared::Declared;
pub(crate) use drive::{Preparation, Unmet, wait_ready};
pub use exec::ExecWait;
pub use file::FileWait;
pub use health::HealthyWait;
pub use http::{HttpResponse, HttpWait};
pub(crate) use near_miss::NearMisses;

pub use log::LogWait;

pub use port::PortWait;
pub use strategy::ExitWait;
pub(crate) use strategy::{CustomWait, Strategy};
pub use wait_for::WaitFor;
pub(crate) use waited::Waited;

pub use crate::words::{BranchOutcome, BranchReport, Report, ReportedState};
