//! Tests on engines of chosen versions.

mod excused;
mod matrix;
mod run;

pub(crate) use run::{prepare_smoke, smoke, test};
