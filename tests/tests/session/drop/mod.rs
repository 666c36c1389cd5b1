//! Dropping a container: wherever that happens, it goes, without blocking anybody; and so does all at the end of a
//! process.

mod busy;
mod ends;
mod hung;
mod places;
mod process;
