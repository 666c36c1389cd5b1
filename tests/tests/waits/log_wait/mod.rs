//! The wait for a log line (C23): what matches, from when on, how it ends, and that it holds nobody back.

mod broken;
mod end;
mod held_back;
mod matching;
mod span;
