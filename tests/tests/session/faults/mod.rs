//! An engine that can't be trusted: it hangs, breaks off, answers nonsense, or is stopped while it is needed.

mod hung;
mod scripted;
mod silent;
mod stopped;
mod streams;
