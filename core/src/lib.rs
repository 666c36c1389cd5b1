//! The values and formats that Seatrial's library shares with its sidecars. No I/O.
//!
//! Everything here is a pure function or a plain value, so that both sides can be tested alone, and use the same
//! labels, ids and wire formats.

pub mod case;
pub mod duration;
pub mod labels;
pub mod ownership;
pub mod reaper;
mod session_id;

pub use session_id::{InvalidSessionId, SessionId};
