//! Processes that are held while they run (C30).

mod bad_input;
mod fixture;
mod handle;
mod programs;

use fixture::waiting;
