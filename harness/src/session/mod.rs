//! A session: what one test run created and will clean up.

pub(crate) mod id;
