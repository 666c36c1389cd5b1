//! Which engine is taken, what is said when there is none, and what is told of the choice.

#[path = "../common/own_session.rs"]
mod own_session;
#[path = "../common/trace.rs"]
mod trace;

mod none;
mod refused;
mod told;
