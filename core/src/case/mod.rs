//! The wire protocol between the library and the agent, which runs cases in a container. No I/O.
//!
//! Both sides send frames ([`frame`]). The library sends a case's description ([`spec`]), and the agent its result
//! ([`end`]). These three modules use neither an allocator nor the standard library, since the agent is compiled from
//! them too. [`Buffer`] and [`Encoder`] are for the library.
//!
//! # The order of frames
//!
//! Both sides begin with `Hello`, which has the version. A case has one of [`frame::SLOTS`] slots, and a number that no
//! other case of the connection has. The library sends `Run`, in several pieces if it is long, then `Stdin` and
//! `Cancel`. The agent answers with `Stdout` and `Stderr`, and at last with one of `End`, `Refused` and `Lost`, after
//! which the slot is free. Frames with the number of an ended case are ignored.
//!
//! # Flow control
//!
//! No frame makes its receiver wait. Each stream of each case has a window: the sender may send [`frame::WINDOW`]
//! bytes, and more only after a `Credit`. So a case whose output is not read blocks no other case, and its time limit
//! still applies.

mod buffer;
mod encoder;
pub mod end;
pub mod frame;
pub mod spec;

pub use buffer::Buffer;
pub use encoder::Encoder;

/// The sources of [`frame`], [`spec`] and [`end`] by file name, from which the agent is compiled too.
pub const SOURCES: [(&str, &str); 3] = [
    ("frame.rs", include_str!("frame.rs")),
    ("spec.rs", include_str!("spec.rs")),
    ("end.rs", include_str!("end.rs")),
];
