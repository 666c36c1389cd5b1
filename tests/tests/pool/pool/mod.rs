//! The pool on a real engine: who is served when, what becomes of containers, how it ends.

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
