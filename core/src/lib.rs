//! The formats and rules that Seatrial's library and its sidecars share, without any I/O.
//!
//! Everything here is a pure function or a plain value, so each side can be tested alone, and both spell a label and parse
//! an id in the same way.

pub mod case;
pub mod duration;
pub mod labels;
pub mod ownership;
pub mod pool;
pub mod reaper;
mod session_id;

pub use session_id::{InvalidSessionId, SessionId};
