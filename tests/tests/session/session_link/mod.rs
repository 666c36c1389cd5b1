//! The session's link to its reaper, seen from outside: processes that share one, lose it, are refused, are killed.

mod bad_input;

mod ending;
mod foreign;
mod groups;
mod handles;
mod kept;
mod lost;
mod off;
mod process;
mod relay;
mod restarted;
mod run;
mod runner;
mod shared;
mod stand_in;
mod sweep;
