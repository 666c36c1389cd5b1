//! Removals: tried again if that helps, carried on without their caller, limited in number, and only of our own
//! resources.

mod callers;
mod retried;
mod theirs;
mod width;
