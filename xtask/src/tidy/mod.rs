//! The rules of the house, each a test: floors, import circles, who may name what, the form of files.

mod command;
mod reading;
mod rules;
#[cfg(test)]
mod testing;

pub(crate) use command::{Options, tidy};
pub(crate) use reading::{Source, Workspace};
#[cfg(test)]
use testing::assert_clean;
