#![doc = include_str!("../README.md")]
//!
//! # The parts of this crate
//!
//! The crate root has what a first test needs:
//!
//! - [`ContainerRequest`] describes a container. Its [`start`](ContainerRequest::start) returns a [`TestContainer`], and
//!   its [`run`](ContainerRequest::run) a [`RunOutput`].
//! - [`TestContainer`] is the handle: addresses, output, state, files, commands, and removal.
//! - [`WaitFor`] names the condition under which a container is ready. [`CopyIn`] is a file or directory to copy in.
//! - [`Network`] and [`Volume`] are created for a test and removed with their handles.
//! - [`Cases`] run many short commands in one container, each as fast as a process starts. A [`Case`] is one of them.
//! - [`ContainerPool`] has containers that tests share: leased to one holder at a time, recycled, and replaced when they
//!   fail.
//! - [`Session`] is the state that the resources of one test run share: the [`Engine`](engine::Engine), an id, labels. A
//!   process has one unless it makes more.
//! - [`Error`] names what failed, for which resource, and after what time. After a failed wait it has a
//!   [`Report`](wait::Report).
//!
//! The modules have the rest: [`container`] (states, health, limits, checkpoints, your own
//! [wait strategies](container::WaitStrategy)), [`command`], [`logs`], [`wait`], [`pull`], [`engine`], [`session`],
//! [`pool`], [`monitor`] and [`driver`].

/// The snippets in the chapters of `docs/`, which are compiled as doc tests.
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
    #[doc = include_str!("../../docs/files.md")]
    struct Files;
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
pub mod container;
pub mod driver;
pub mod engine;
mod image;
mod life;
pub mod monitor;
mod network;
mod output;
pub mod pool;
mod pulling;
pub mod session;
mod volume;
pub mod wait;
mod words;

pub mod command {
    //! Commands in containers: collected, held while they run, or run as cases.

    pub use crate::container::command::{Case, CaseEnd, CaseOutput, CaseVia, Cases, Exec, Process, Spawn};
    pub use crate::words::{ExecOutput, PartialOutput};
}

pub mod logs {
    //! A container's output: its log as a whole, by line, or as it comes, and the matches of log waits.

    pub use crate::output::{LogLines, LogMatch, LogOutput, Logs};
    pub use crate::words::{LogLine, LogStream};
}

pub mod pull {
    //! Pulls of images, by themselves or for a start.

    pub use crate::config::PullPolicy;
    pub use crate::image::Credentials;
    pub use crate::pulling::{LayerProgress, PullProgress};
    pub use crate::session::Pull;
}

#[doc(hidden)]
pub mod __private {
    //! The names that `#[seatrial::test]` expands to. No promises.

    pub use crate::base::{OfAny, OfResult, Outcome, Test};
}

/// The models of the engine's API, for [`ContainerRequest::modify_body`] and
/// [`modify_host_config`](ContainerRequest::modify_host_config).
#[doc(no_inline)]
pub use bollard::models;

#[doc(inline)]
pub use archive::CopyIn;
#[doc(inline)]
pub use command::{Case, Cases, ExecOutput};
#[doc(inline)]
pub use config::Keep;
#[doc(inline)]
pub use container::{ContainerRequest, RunOutput, TestContainer};
#[doc(inline)]
pub use image::ImageRef;
#[doc(inline)]
pub use network::{Network, NetworkBuilder};
#[doc(inline)]
pub use pool::{ContainerPool, ExclusiveLease, LazyPool, Lease};
#[doc(inline)]
pub use seatrial_macros::test;
#[doc(inline)]
pub use session::Session;
#[doc(inline)]
pub use volume::Volume;
#[doc(inline)]
pub use wait::WaitFor;
#[doc(inline)]
pub use words::{Error, Port, Result};
