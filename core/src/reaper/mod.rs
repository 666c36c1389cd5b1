//! The reaper's protocol: the lines that a client sends, and the answers. This module opens no socket and asks no
//! engine.
//!
//! It is the protocol of `testcontainers/ryuk`: each line is a form-encoded filter, and is answered by [`ACK`]. Lines
//! that start with `!` are those of the extension in [`lease`].

mod decoder;
mod filter;
pub mod lease;
mod token;

pub use decoder::{LineDecoder, MAX_LINE, TooLong};
pub use filter::{Filter, RefusedFilter};
pub use token::same as same_token;

/// The answer to a filter that was stored.
pub const ACK: &[u8; 4] = b"ACK\n";

/// The answer to a line that is refused. A client that does not use the extension gets nothing but this and [`ACK`].
pub const NACK: &[u8; 5] = b"NACK\n";

/// The beginning of a connection's first line, `auth=<token>`, for a reaper that requires a token.
pub const AUTH: &str = "auth=";
