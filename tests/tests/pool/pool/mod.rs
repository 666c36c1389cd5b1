//! The pool on a real engine: the order of service, the replacement of containers, and the pool's end.

mod bad_input;
mod cancel;
mod commands;
mod ends;
mod fixture;
mod host;
mod lazy;
mod leaks;
mod members;
mod recycle;
mod sharing;
mod slow;
mod timeline;

use fixture::{builder, pool, quiet, says, states};
