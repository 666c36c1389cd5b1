//! Commands in containers: plain ones, processes that are held, cases, and the drivers above them.

mod case;
mod driver;
mod exec;
mod process;
