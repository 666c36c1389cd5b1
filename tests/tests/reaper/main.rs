//! The reaper from outside: over TCP and by its output, against real engines and such as misbehave.

mod fixture;

mod end;
mod engine;
mod faults;
mod foreign;
mod process;
mod python;
mod report;
mod settings;
mod socket;
mod tls;
mod wire;
