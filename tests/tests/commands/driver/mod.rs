//! Tasks that run to their end, and the drivers that run them (D1–D5).

mod ends;
mod faults;
mod fixture;
mod mock;
mod options;
mod output;
mod stats;
mod statuses;

use fixture::{Fixture, Kept, Which, shell};
