//! The execution of a plan: the order of attempts, the attempts themselves, and the loop around them.

mod book;
#[cfg(test)]
mod book_tests;
mod crew;
mod drive;

pub(crate) use book::Job;
pub(crate) use crew::{Crew, Used, set_up};
