//! Removals: tried again while that helps, carried on without their caller, so many at once, and only of what is ours.

mod callers;
mod retried;
mod theirs;
mod width;
