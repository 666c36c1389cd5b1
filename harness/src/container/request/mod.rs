//! The request: a description of a container, built step by step and checked when it is started.

mod basics;
mod compare;
mod for_cases;
mod health;
mod lower;
mod networking;
mod publish;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod request;
mod resources;
mod security;
mod storage;
mod supervision;

pub use basics::RestartPolicy;
pub(in crate::container) use for_cases::ForCases;
pub use health::HealthCheck;
pub(super) use lower::{Context, Lowered, endpoint, lower};
pub(super) use networking::Attachment;
use publish::Publish;
pub use request::ContainerRequest;
use request::{Runtime, texts};
pub(super) use storage::FilesMount;
