//! Support code of the tests that uses the library under test: sessions of a test's own, looks at their containers, and
//! a registry to pull from.
//!
//! What stands between the library and an engine uses no library, and is in `seatrial-tests`.

pub mod image;
pub mod observe;
pub mod own_session;
pub mod processes;
pub mod registry;
pub mod trace;
