//! P12: every state that 3 members and 4 clients can bring a ledger into, by every event in every order.
//!
//! The identity of clients and members makes no difference to what may happen next, so states that differ in it alone
//! are visited once. Times are checked step by step here, and over long runs against the naive model.

mod effects;
mod invariants;
mod key;
mod search;
mod world;

pub(super) use world::{SIZE, World};
