//! Pulls from a real registry (C31), with credentials where it wants some (C32) and faults in between.

mod faults;
mod login;
mod names;
mod policy;
mod progress;
mod scenario;
mod together;
