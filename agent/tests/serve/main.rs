//! `agent serve` and `agent main`, run on this machine instead of in a container.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

mod cases;
mod ends;
mod program;
mod streams;
