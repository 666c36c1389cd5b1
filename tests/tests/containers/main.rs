//! Containers: how one is requested, started, looked at, changed and kept, with its files, ports and networks.

mod any_runtime;
mod attribute;
mod bad_input;
mod files;
mod inspect;
mod keep;
mod lifecycle;
mod monitor;
mod mounted_files;
mod networks;
mod ports;
mod request;
mod run;
mod runtimes;
mod state;
