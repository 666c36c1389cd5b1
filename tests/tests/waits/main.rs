//! Waits: every strategy, what a wait sees of the output, and the report of one that fails.

mod early_end;
mod failure_block;
mod log_wait;
mod logs;
mod waits;
