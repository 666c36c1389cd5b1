//! A session: what one test run created and will clean up.

#![cfg_attr(not(test), expect(dead_code, reason = "what uses it is built next to it"))]

pub(crate) mod id;
