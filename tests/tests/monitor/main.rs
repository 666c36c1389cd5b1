//! What containers use and go through: samples, snapshots, restarts that a function decides on, and the profiler's hook.

#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;

mod broken;
mod profile;
mod profiler;
mod refused;
mod restarts;
mod snapshots;
mod stats;
