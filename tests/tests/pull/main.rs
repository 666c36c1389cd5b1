//! Pulls from a real registry (C31), with credentials where it wants some (C32) and faults in between.

mod faults;
mod image;
mod login;
mod names;
#[path = "../common/own_session.rs"]
mod own_session;
mod policy;
mod progress;
mod registry;
mod scenario;
mod together;
