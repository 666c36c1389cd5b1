//! The reaper as a container: found by its name, created if there is none, replaced if it does not work.
//!
//! All processes of a session use one container, whose name follows from the session's id. The engine gives the name to
//! one process, and the others use its container. Port and token are read from the container, so no process has to
//! tell them to another.

mod birth;
mod body;
mod create;
mod lost;
mod search;
mod stale;

pub(super) use body::TOKEN;
pub(super) use lost::Lost;
pub(super) use search::link;
