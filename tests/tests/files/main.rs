//! Files into containers (C19) and out of them (C20), with what is refused.

mod bad_input;
mod copy_in;
mod copy_out;
mod hostile;
mod memory;
#[path = "../common/own_session.rs"]
mod own_session;
mod requests;
mod tree;
