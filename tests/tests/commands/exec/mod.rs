//! Commands in a running container (C27–C29).

mod cancelled;
mod crowd;
mod fixture;
mod input;
mod limits;
mod options;
mod plain;
mod poisoned;
mod refused;
mod timed_out;

use fixture::waiting;
