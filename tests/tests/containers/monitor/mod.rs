//! What containers use and go through: samples, snapshots, restarts that a function decides on, and the profiler's hook.

mod broken;
mod profile;
mod profiler;
mod refused;
mod restarts;
mod snapshots;
mod stats;
