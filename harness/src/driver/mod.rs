//! Tasks that run to their end, and the drivers that run them.

mod status;

pub use status::{Ending, Status, Stop};
