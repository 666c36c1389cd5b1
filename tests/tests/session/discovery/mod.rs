//! Discovery of the engine: the choice, the report of it, and the error if there is none.

mod none;
mod refused;
mod told;
mod unmarked;
