//! Running a plan: who is next, and what is done for it.

mod book;
mod crew;
mod drive;

pub(crate) use book::Job;
pub use book::{Place, Rules};
pub(crate) use crew::{Crew, Made, set_up};
