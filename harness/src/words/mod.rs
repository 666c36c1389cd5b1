//! Values and texts that all other modules share. Nothing here does I/O or knows an engine.

mod age;
mod error;
mod health;
mod id;
mod lines;
mod output;
mod port;
mod report;
mod state;
mod status;
mod stream;
mod text;
mod texts;
mod time;

pub(crate) use error::Kind;
pub use error::{Error, Result};
pub use health::Health;
pub use id::ContainerId;
pub(crate) use lines::LineSplitter;
pub use lines::LogLine;
pub use output::{ExecOutput, PartialOutput};
pub use port::{IntoPort, Port, Protocol};
pub use report::{BranchOutcome, BranchReport, Report, ReportedState};
pub use state::ContainerState;
pub(crate) use state::KILLED;
pub use status::ContainerStatus;
pub use stream::LogStream;
pub(crate) use text::{cut, quoted, seconds};
pub(crate) use texts::stream_texts;
pub(crate) use time::{engine_seconds, parse_rfc3339, rfc3339};
