//! The command line: its commands, and what they end with.

mod args;
mod ci;
mod command;
mod doctor;
mod run;
mod signals;
mod sweep;

pub(crate) use command::main;
