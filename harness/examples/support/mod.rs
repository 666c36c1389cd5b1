//! Support code of the examples.

mod witness;

pub(crate) use witness::Witness;
