//! Many cases, each a command in one of a few containers: what fails beside others is tried again alone.
//!
//! It is the library of the command `seatrial run`, and for whoever wants to run cases from a program of their own:
//! [`CaseList`] holds the names, [`Lists`] what is known of them, [`Plan`] chooses and orders, [`Run`] runs, an
//! [`Observer`] is told how it goes on, and [`Done`] what it came to.

mod attempt;
mod bytes;
mod done;
mod durations;
mod error;
mod execute;
mod harness;
mod list;
mod lists;
mod name;
mod observer;
mod pattern;
mod plan;
mod report;
mod request_file;
mod run;
mod schedule;
mod shard;
mod source;
mod spool;
mod tally;
mod template;
mod verdict;

pub use attempt::{Attempt, End};
pub use bytes::parse_size;
pub use done::{Done, Stopped};
pub use durations::Durations;
pub use error::{Error, Result, chain};
pub use execute::Way;
pub use harness::TestCases;
pub use list::{CaseList, LONGEST_NAME};
pub use lists::{Entry, ListKind, Lists, Mark, Marks};
pub use name::Name;
pub use observer::{CaseReport, Observer};
pub use pattern::Patterns;
pub use plan::{Choice, Plan};
pub use report::{Console, JsonLines, Junit, Look, Reports, summary};
pub use request_file::RequestFile;
pub use run::Run;
pub use schedule::{Place, Rules};
pub use shard::Shard;
pub use source::Source;
pub use tally::Tally;
pub use template::{PLACEHOLDER, Template};
pub use verdict::{Outcome, Verdict};
