//! Commands in a running container: run and collected ([`Exec`]), held while they run ([`Process`]), or run as cases
//! ([`Cases`]).
//!
//! Below all of them is one core ([`running`]): it starts a command, reads its output ([`pieces`]), asks for its exit
//! code ([`exit`]), and ends it when it is told to.
//!
//! No engine has a call that ends a command. So each command has a mark in its environment, which costs nothing, and
//! when one has to be ended, a small program of ours is copied into the container and ends all processes with the mark
//! ([`agent`]). Where that can't be done, the container is marked as poisoned ([`commands`]).

mod agent;
mod beside;
mod case;
mod commands;
mod ender;
mod ending;
mod exec;
mod exit;
mod host_pid;
pub(crate) mod inside;
mod options;
mod pieces;
mod process;
mod program;
mod pump;
mod running;
mod spawn;
mod stdin;
mod unread;
pub(crate) mod words;

pub(crate) use agent::{Agent, DIRECTORY as AGENT_DIRECTORY, PATH as AGENT_PATH};
pub(crate) use beside::beside;
pub(super) use case::Agents;
pub use case::{Case, CaseEnd, CaseOutput, CaseVia, Cases};
pub(crate) use commands::Commands;
pub use exec::Exec;
pub(crate) use exit::Exit;
pub(crate) use pieces::{Pieces, Sink};
pub use process::Process;
pub(crate) use program::ProgramVolume;
pub(crate) use running::{EndsWith, Followed, Running, name_the_test, not_started};
pub use spawn::Spawn;
pub(crate) use stdin::Input;
