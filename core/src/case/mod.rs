//! The wire between the library and the program in a container that runs cases. No I/O.
//!
//! Both directions are frames ([`frame`]). What a case is travels in the payloads of frames that the library sends
//! ([`spec`]); how it ended, in one that the program sends ([`end`]). These three use neither an allocator nor the
//! standard library, since the program that is compiled from them has none; [`Buffer`] and [`Encoder`] are for the
//! library.
//!
//! # Who says what
//!
//! Both begin with `Hello`, which names the version. A case has a slot, of which there are [`frame::SLOTS`], and a
//! number that no other case of the connection has. The library sends `Run`, in pieces if need be, then `Stdin` and
//! `Cancel`; the program answers with `Stdout`, `Stderr`, and at last one of `End`, `Refused` and `Lost`, after which
//! the slot is free. Frames of a number that is over mean nothing.
//!
//! # Who waits for whom
//!
//! No frame makes its receiver wait: each stream of each case has a window, [`frame::WINDOW`] bytes that may be sent
//! before `Credit` gives some back. So a case whose output nobody reads is held back alone, and its time runs on.

mod buffer;
mod encoder;
pub mod end;
pub mod frame;
pub mod spec;

pub use buffer::Buffer;
pub use encoder::Encoder;

/// The sources of [`frame`], [`spec`] and [`end`], by file name: the program is compiled from them too.
pub const SOURCES: [(&str, &str); 3] = [
    ("frame.rs", include_str!("frame.rs")),
    ("spec.rs", include_str!("spec.rs")),
    ("end.rs", include_str!("end.rs")),
];
