//! Logs as they are read: whole, in part, as they come, line by line, and by a function that is called per line.

#[path = "logs/consumer.rs"]
mod consumer;
#[path = "logs/read.rs"]
mod read;
mod stage;
