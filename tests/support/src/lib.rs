//! Support code of the tests that uses the library under test: sessions of a test's own, looks at their containers, and
//! a registry to pull from.
//!
//! The servers that stand between the library and an engine do not use the library. They are in `seatrial-tests`.

pub mod image;
pub mod observe;
pub mod own_session;
pub mod processes;
pub mod registry;
pub mod trace;
