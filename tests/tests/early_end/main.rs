//! Every strategy ends early when the container ends first (C25), whichever way it ends.

#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;
mod start;
mod strategies;
mod wait;
