//! An engine that can't be trusted: it hangs, breaks off, answers nonsense, or is stopped while it is needed.

#[path = "../common/own_session.rs"]
mod own_session;

mod hung;
mod scripted;
mod silent;
mod stopped;
mod streams;
