//! The support library tried on itself and on the real engine: what the other tests rely on.

mod answers;
mod child;
mod faults;
mod fixture;
mod forwarding;
mod leftovers;
mod registry;
mod wire;
