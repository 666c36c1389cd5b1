//! Running a plan: who is next, and what is done for it.

mod book;
mod crew;
mod drive;

pub use book::{Place, Rules};
pub(crate) use crew::set_up;
