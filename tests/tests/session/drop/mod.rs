//! Dropping a container removes it wherever that happens, and blocks nobody; so does the end of the process.

mod busy;
mod ends;
mod hung;
mod places;
mod process;
