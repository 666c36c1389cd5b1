//! Logs (C22): whole, in part, as they come, by line, and by a function that is called per line.

mod consumer;
mod read;
