//! Ports: published (C17), looked up (C17), and reached from wherever the test runs (C18).

mod forward;
mod host;
mod inside;
mod lookup;
#[path = "../common/own_session.rs"]
mod own_session;
mod publish;
