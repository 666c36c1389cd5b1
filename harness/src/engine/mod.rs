//! The client for the engine's API. Nothing outside of this module talks to the engine or names bollard's client.
//!
//! Every call runs on the background thread, has a deadline, and returns an error that names the operation and the
//! resource.

mod archive;
mod authority;
mod candidate;
mod checkpoints;
mod client;
mod containers;
mod context;
mod dialect;
mod discover;
mod end;
mod event;
mod exec;
mod facts;
mod feed;
mod frames;
mod host;
mod host_turns;
mod images;
mod info;
mod json_values;
mod networks;
mod obstacle;
mod oom;
mod path;
mod patience;
mod place;
mod ports;
mod resource;
mod sidecar;
mod stats;
mod streams;
mod target;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod transport;
mod version;
mod volumes;

pub(crate) use authority::TlsTerms;
pub use candidate::Candidate;
pub use client::Engine;
pub(crate) use client::connect;
pub use containers::Change;
pub use discover::Located;

pub(crate) use end::End;
pub(crate) use event::EventKind;
pub(crate) use exec::{ExecRequest, ExecState};
pub use facts::EngineFacts;
pub(crate) use feed::{Signal, Signals};
pub(crate) use frames::{FrameDecoder, Mode};
pub use host::HostAddress;
pub(crate) use images::{ImageProgram, PullEvent, PullOptions};
pub use info::{ContainerInfo, HostBinding, NetworkAddress};
pub(crate) use json_values::JsonValues;
pub(crate) use ports::{Ports, with_port};
pub(crate) use resource::{Labelled, Resource};
pub(crate) use sidecar::SidecarInfo;
pub(crate) use streams::{Bodies, EndNotice, LogRequest};
pub(crate) use target::Target;
pub(crate) use tls::{check as check_tls, client_described, to_server};
pub(crate) use transport::{Io, Upgraded};
pub use version::{EngineKind, EngineVersion};

pub use crate::config::{Endpoint, TlsFiles};
