#![doc = include_str!("../README.md")]
//!
//! # The parts of this crate
//!
//! - [`ContainerRequest`] describes a container; its [`start`](ContainerRequest::start) gives a [`TestContainer`],
//!   its [`run`](ContainerRequest::run) a [`RunOutput`].
//! - [`TestContainer`] is the handle: where it is reached, its output, its state, commands and files in it, its removal.
//! - [`Monitor`] is the stream of what a container does and uses, from the pull of its image on; [`Stats`] is one sample.
//! - [`WaitFor`] says when a container is ready, later waits included; [`WaitStrategy`] is for one of your own.
//! - [`CopyIn`] is what is copied into a container; [`CopiedOut`] tells what came out of one.
//! - [`Network`] and [`Volume`] are made for a test and removed with their handles.
//! - [`Cases`] are many short commands in one container, as fast as processes start; a [`Case`] is one.
//! - [`ContainerPool`] is for containers that tests share: leased one at a time, exclusively when that is needed,
//!   recycled, replaced when they die, accounted for.
//! - [`driver`] has tasks that run to their end, and what runs them, by name.
//! - [`Session`] is what a test run shares: the [`Engine`], an id, labels. There is one per process unless you make more.
//! - [`Error`] names what failed, on what and after how long; a wait that failed adds a [`Report`].
//! - [`ImageRef`] and [`Pull`] name images and have them pulled, which a start does by itself.

/// The snippets in the chapters of `docs/` compile, as those here do.
#[cfg(doctest)]
mod docs {
    #[doc = include_str!("../../docs/cases.md")]
    struct Cases;
    #[doc = include_str!("../../docs/cleanup.md")]
    struct Cleanup;
    #[doc = include_str!("../../docs/drivers.md")]
    struct Drivers;
    #[doc = include_str!("../../docs/exec.md")]
    struct Exec;
    #[doc = include_str!("../../docs/monitor.md")]
    struct Monitor;
    #[doc = include_str!("../../docs/pool.md")]
    struct Pool;
    #[doc = include_str!("../../docs/runtimes.md")]
    struct Runtimes;
    #[doc = include_str!("../../docs/state.md")]
    struct State;
}

mod archive;
mod base;
mod config;
mod container;
pub mod driver;
mod engine;
mod image;
mod life;
mod monitor;
mod network;
mod output;
pub mod pool;
mod pull;
mod session;
mod volume;
mod wait;
mod words;

/// The engine's own words, for [`ContainerRequest::modify_body`] and
/// [`modify_host_config`](ContainerRequest::modify_host_config).
#[doc(no_inline)]
pub use bollard::models;

pub use archive::{CopiedOut, CopyIn};
pub use config::{Endpoint, Keep, PullPolicy, ReaperChoice, TlsFiles};
pub use container::{
    Case, CaseEnd, CaseOutput, CaseVia, Cases, Checkpoint, ContainerRequest, Exec, HealthCheck, Limits,
    Process, RestartPolicy, Restore, RunEnd, RunOutput, Spawn, TestContainer, WaitStrategy,
};
pub use engine::{
    Candidate, Change, ContainerInfo, Engine, EngineFacts, EngineKind, EngineVersion, HostAddress,
    HostBinding, Located, NetworkAddress,
};
pub use image::{Credentials, ImageRef};
pub use life::{AfterExit, LastRun, ProfileHook, ProfileTarget, StateWatch, WaitCondition};
pub use monitor::{Monitor, Phase, Rates, Snapshot, Stats, StatsStream, Traffic};
pub use network::Network;
pub use output::{LogLines, LogMatch, LogOutput, Logs};
pub use pool::{ContainerPool, ExclusiveLease, LazyPool, Lease};
pub use pull::{LayerProgress, PullProgress};
pub use session::{Leftover, Pull, Session, SessionBuilder, Sweep};
pub use volume::Volume;
pub use wait::{
    ExecWait, ExitWait, FileWait, HealthyWait, HttpResponse, HttpWait, LogWait, PortWait, WaitFor,
};
pub use words::{
    BranchOutcome, BranchReport, ContainerId, ContainerState, ContainerStatus, Error, ExecOutput, Health,
    LogLine, LogStream, PartialOutput, Port, Protocol, Report, ReportedState, Result,
};
