//! The cases that one agent runs at the moment, as a plain value: it does no I/O.

mod case;
mod cases;
#[cfg(test)]
mod tests;

pub(super) use case::{CaseId, FinishedCase};
pub(super) use cases::{ActiveCases, Admission};
