//! The reaper from outside: over TCP, against the real engine and one that is scripted to misbehave.

mod end;
mod engine;
mod fixture;
mod settings;
mod wire;
