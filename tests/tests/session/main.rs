//! Sessions: how an engine is found, and how all that a session owns goes, whatever ends its process.

mod cancel;
mod close;
mod crash;
mod discovery;
mod drop;
mod faults;
mod removal;
mod session_link;
mod smoke;
mod tracing;
