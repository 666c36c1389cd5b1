//! Pulls from a real registry (C31), with credentials if it requires them (C32), and with faults in between.

mod docker_config;
mod faults;
mod login;
mod names;
mod policy;
mod progress;
mod scenario;
mod together;
