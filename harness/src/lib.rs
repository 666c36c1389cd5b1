//! Containers as test fixtures: started, waited for, and always cleaned up.

mod archive;
mod background;
mod config;
mod container;
mod engine;
mod error;
mod image;
mod lines;
mod network;
mod report;
mod retry;
mod session;
mod stream;
mod time;
#[cfg_attr(not(feature = "tls"), path = "no_tls.rs")]
mod tls;
mod volume;
mod wait;

pub use archive::{CopiedOut, CopyIn};
pub use config::{Keep, PullPolicy, TlsFiles};
pub use container::{
    ContainerId, ContainerRequest, ContainerState, ContainerStatus, Exec, ExecOutput, Health, HealthCheck,
    Limits, LogLines, LogOutput, Logs, Port, Protocol, RestartPolicy, RunEnd, RunOutput, TestContainer,
};
pub use engine::{
    Candidate, Change, ContainerInfo, Endpoint, Engine, EngineKind, EngineVersion, HostAddress, HostBinding,
    Located, NetworkAddress,
};
pub use error::{Error, Result};
pub use image::{Credentials, ImageRef, LayerProgress, Pull, PullProgress};
pub use lines::LogLine;
pub use network::Network;
pub use report::Report;
pub use session::{Session, SessionBuilder};
pub use stream::LogStream;
pub use volume::Volume;
pub use wait::{
    BranchReport, ExecWait, ExitWait, FileWait, HealthyWait, HttpResponse, HttpWait, LogMatch, LogWait,
    PortWait, WaitFor, WaitStrategy,
};
