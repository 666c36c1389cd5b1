//! Which engine is taken, what is said when there is none, and what is told of the choice.

mod none;
mod refused;
mod told;
