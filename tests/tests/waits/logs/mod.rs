//! Logs as they are read (C22): whole, in part, as they come, line by line, and by a function that is called per line.

mod consumer;
mod read;
