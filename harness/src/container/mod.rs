//! A container: its request, its start, and the handle that owns it.

mod address;
mod checkpoint;
mod checkpoint_refusal;
pub(crate) mod command;
mod copy;
mod estate;
mod failure;
mod files;
mod for_cases;
mod handle;
mod inspect;
mod lifecycle;
mod limits;
mod missing_program;
mod places;
mod rebinding;
mod refusal;
mod request;
mod run;
mod start;
mod start_progress;
mod subject;
mod until;
mod wait_strategy;

pub use checkpoint::{Checkpoint, Restore};
pub(crate) use command::{AGENT_DIRECTORY, Commands};
pub use command::{Case, CaseEnd, CaseOutput, CaseVia, Cases, Exec, Process, Spawn};
pub use handle::TestContainer;
pub use limits::Limits;
pub use request::{ContainerRequest, HealthCheck, RestartPolicy};
pub use run::{RunEnd, RunOutput};
pub(crate) use start::{Created, create, start_explained};
pub(crate) use start_progress::StartProgress;
pub(crate) use subject::Subject;
pub use wait_strategy::WaitStrategy;

pub use crate::archive::CopiedOut;
pub use crate::life::{StateWatch, WaitCondition};
pub use crate::words::{ContainerId, ContainerState, ContainerStatus, Health, IntoPort, Port, Protocol};
