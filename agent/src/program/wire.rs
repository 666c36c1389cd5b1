//! The frames of cases: the files of `seatrial-core`, which `build.rs` copies.

#![allow(dead_code, reason = "each side uses its half")]

pub(crate) mod frame {
    include!(concat!(env!("OUT_DIR"), "/frame.rs"));
}

pub(crate) mod spec {
    include!(concat!(env!("OUT_DIR"), "/spec.rs"));
}

pub(crate) mod end {
    include!(concat!(env!("OUT_DIR"), "/end.rs"));
}
