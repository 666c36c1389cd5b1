//! The reaper's wire: lines in, filters out. It reads no socket and asks no engine.
//!
//! The protocol is that of `testcontainers/ryuk`: each line is a form-encoded filter, answered by [`ACK`]. Lines that
//! start with `!` are kept free for what our own library and reaper will say to each other.

mod decoder;
mod filter;
mod token;

pub use decoder::{LineDecoder, MAX_LINE, TooLong};
pub use filter::{Filter, RefusedFilter};
pub use token::same as same_token;

/// The answer to a filter that was stored.
pub const ACK: &[u8; 4] = b"ACK\n";

/// The answer to a line that is refused. Nothing but this and [`ACK`] is ever written.
pub const NACK: &[u8; 5] = b"NACK\n";

/// The key of the line that a connection begins with when the reaper wants a token: `auth=<token>`.
pub const AUTH: &str = "auth=";
