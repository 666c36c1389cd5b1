//! Tests of the reaper's program over TCP and by its output, with real engines and with engines that misbehave.

mod fixture;

mod end;
mod engine;
mod faults;
mod foreign;
mod leases;
mod process;
mod python;
mod report;
mod settings;
mod socket;
mod tls;
mod wire;
