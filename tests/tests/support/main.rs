//! The support library, tried on itself and on the real engine. The other tests rely on it.

mod answers;
mod child;
mod faults;
mod fixture;
mod forwarding;
mod leftovers;
mod registry;
mod wire;
