//! Starts that are dropped or fail at every point: whatever was created has an owner.

mod failed;
mod gates;
mod lost;
mod polls;
mod stages;
