//! The wait for a log line (C23): its matches, its span, its end, and that it holds nothing back.

mod broken;
mod end;
mod held_back;
mod matching;
mod span;
