//! The configuration from the environment and `~/.testcontainers.properties`, read once and validated.
//!
//! The environment takes precedence over the file, `SEATRIAL_*` over `TESTCONTAINERS_*`, and a request's own settings
//! over all of these. This module does not talk to the engine.

mod choice;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod config;
mod docker_file;
mod endpoint;
mod engine;
mod properties;
mod reader;
mod reaper;
mod session_id;
mod setting;
mod unknown;
mod variables;

pub use choice::{Keep, PullPolicy, ReaperChoice};
pub(crate) use config::Config;
pub(crate) use docker_file::DockerFile;
pub use endpoint::Endpoint;
pub(crate) use engine::EngineSettings;
pub use engine::TlsFiles;
pub(crate) use properties::Properties;
pub(crate) use reader::{Env, Reader};
pub(crate) use reaper::ReaperSettings;
pub(crate) use session_id::{fnv1a, parent_process, parse_stat, session_id};
pub(crate) use setting::{Hidden, Setting};
pub(crate) use unknown::unknown_variables;
pub(crate) use variables::{PROPERTIES, VARIABLES};
