//! `agent serve` itself, with processes of this machine in the place of a container's.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod cases;
mod ends;
mod program;
mod streams;
