//! One container: what is asked for, how it is started, and the handle that owns it.

mod age;
mod checkpoint;
mod checkpoint_refusal;
pub(crate) mod command;
mod consumer;
mod estate;
mod files;
mod for_cases;
mod handle;
mod health;
mod id;
mod lifecycle;
pub(crate) mod logs;
mod name;
mod port;
mod ports;
mod refusal;
mod request;
mod run;
mod start;
mod state;
mod status;
mod texts;
mod track;
mod until;
mod watch;

pub use checkpoint::{Checkpoint, Restore};
pub(crate) use command::{AGENT_DIRECTORY, Commands};
pub use command::{
    Case, CaseEnd, CaseOutput, CaseVia, Cases, Exec, ExecOutput, PartialOutput, Process, Spawn,
};
pub use handle::TestContainer;
pub use health::Health;
pub use id::ContainerId;
pub use lifecycle::Limits;
pub use logs::{LogLines, LogOutput, Logs};
pub(crate) use name::{caller_name, check_name, default_name};
pub use port::{Port, Protocol};
pub(crate) use ports::Ports;
pub use request::{ContainerRequest, HealthCheck, RestartPolicy};
pub use run::{RunEnd, RunOutput};
pub(crate) use start::{Created, create, start_explained};
pub use state::ContainerState;
pub use status::ContainerStatus;
pub use until::WaitCondition;
pub(crate) use until::wait as wait_until;
pub use watch::StateWatch;
pub(crate) use watch::follow as follow_states;
