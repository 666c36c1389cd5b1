//! Requests: values (C1), names (C2), options that reach the engine (C4–C7).

mod log_storage;
mod modifiers;
mod names;
mod options;
mod runtime;
mod storage;
mod unavailable;
mod value;
