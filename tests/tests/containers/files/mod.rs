//! Files into containers (C19) and out of them (C20), with what is refused.

mod bad_input;
mod copy_in;
mod copy_out;
mod hostile;
mod memory;
mod requests;
mod tree;
mod unreached;
