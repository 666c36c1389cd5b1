//! What Seatrial's library and its sidecars agree on, without any I/O.
//!
//! Everything here is a pure function or a plain value, so that each side can be tested alone and neither can
//! spell a label or parse an id in a way of its own.

pub mod case;
pub mod duration;
pub mod labels;
pub mod ownership;
pub mod pool;
pub mod reaper;
mod session_id;

pub use session_id::{InvalidSessionId, SessionId};
