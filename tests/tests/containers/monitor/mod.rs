//! The monitor: samples of what containers use, snapshots of their states, restarts that a function decides on, and the
//! profiler's hook.

mod broken;
mod profile;
mod profiler;
mod refused;
mod restarts;
mod snapshots;
mod stats;
