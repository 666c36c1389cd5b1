//! Ports: published (C17), looked up (C17), and reached from wherever the test runs (C18).

mod forward;
mod host;
mod inside;
mod lookup;
mod publish;
mod rebound;
