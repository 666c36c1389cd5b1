//! A runner of many cases, each a command in one of a few containers. A case that fails is retried alone, in a fresh
//! container.
//!
//! This is the library of the command `seatrial run`, and for programs that run cases themselves: [`CaseList`] holds the
//! names, [`Lists`] mark some of them, [`Plan`] selects and orders them, [`Run`] runs them, an [`Observer`] follows the
//! run, and [`Done`] is its result.

mod attempt;
mod awake;
mod bytes;
mod done;
mod durations;
mod error;
mod execute;

mod lines;
mod list;
mod lists;
mod name;
mod observer;
mod pattern;
mod plan;
mod replace;
mod report;
mod request_file;
mod run;
mod rules;
mod schedule;
mod shard;
mod source;
mod spool;
mod tally;
mod template;
mod test_cases;
mod verdict;

pub use attempt::{Attempt, End};
pub use bytes::parse_size;
pub use done::{Done, Stopped};
pub use durations::Durations;
pub use error::{Error, Result, chain};
pub use execute::Way;
pub use list::{CaseList, LONGEST_NAME};
pub use lists::{Entry, ListKind, Lists, Mark, Marks};
pub use name::Name;
pub use observer::{CaseReport, Observer};
pub use pattern::Patterns;
pub use plan::{Choice, Plan};
pub use report::{Console, JsonLines, Junit, Look, Reports, Sink, summary, without_commands};
pub use request_file::RequestFile;
pub use run::Run;
pub use rules::{Place, Rules};
pub use shard::Shard;
pub use source::Source;
pub use tally::Tally;
pub use template::{PLACEHOLDER, Template};
pub use test_cases::TestCases;
pub use verdict::{Outcome, Verdict};
