//! Every strategy ends early when the container ends first (C25), whichever way it ends.

mod start;
mod strategies;
mod wait;
