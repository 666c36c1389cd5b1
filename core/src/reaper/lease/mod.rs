//! The leases of pools that several processes share: an extension of the reaper's protocol.
//!
//! A connection that has shown the token, if there is one, may send [`Request`]s among its filters. Each is a line that
//! begins with `!`, which no filter does. The reaper answers with [`Reply`]s, which begin with `!` too, in the order in
//! which things happen: a request that has to wait is answered when its turn comes.
//!
//! A line is a list of words with one space between them. Free text is one word, in which each byte other than ASCII
//! letters, digits and `._~:/@+,=` is written as `%` and two hexadecimal digits. An empty text is the word `-`.
//!
//! The number before a lease's words is the client's: it names the lease on this connection, from its request to its
//! end.

mod name;
mod reply;
mod request;
mod words;

#[cfg(test)]
mod tests;

pub use name::check_name;
pub use reply::{MemberStatus, PoolStatus, Reply, UnitState, WaiterStatus};
pub use request::{End, PoolKind, Request, Want};
pub use words::{BadLine, decoded, encoded};

/// The version of the extension that this library speaks.
pub const VERSION: u32 = 1;

/// The first byte of each line of the extension.
pub const MARK: u8 = b'!';
