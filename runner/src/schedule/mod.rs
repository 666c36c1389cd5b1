//! Running a plan: who is next, and what is done for it.

mod book;

pub use book::{Book, Job, Place, Rules};
