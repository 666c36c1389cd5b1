//! Commands in a running container: run and collected ([`Exec`]), or held while they run ([`Process`]); and how they
//! are ended with all that came of them.
//!
//! No engine has a call to end a command. So each carries a mark in its environment, which costs nothing, and when one
//! has to be ended, a small program of ours is copied into the container and ends what carries the mark
//! ([`agent`]). Where that can't be done, the container is marked as poisoned ([`commands`]).

mod agent;
mod begin;
mod beside;
mod capture;
mod case;
mod commands;
mod ender;
mod exec;
mod exit;
mod host_pid;
mod options;
mod process;
mod program;
mod pump;
mod spawn;
mod stdin;
pub(crate) mod words;

pub(crate) use agent::{Agent, DIRECTORY as AGENT_DIRECTORY, PATH as AGENT_PATH};
pub(crate) use begin::{Begun, begin, name_the_test, not_started};
pub(crate) use beside::beside;
pub(super) use case::Agents;
pub use case::{Case, CaseEnd, CaseOutput, CaseVia, Cases};
pub(crate) use commands::Commands;
pub use exec::Exec;
pub(crate) use exit::{Exit, exit};
pub use process::Process;
pub(crate) use program::ProgramVolume;
pub use spawn::Spawn;
pub(crate) use stdin::Source as Input;
