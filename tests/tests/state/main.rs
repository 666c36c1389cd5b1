//! A container's state as it changes, and waits for its end, through engines that break off and come back.

#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;

mod broken;
mod restarted;
mod until;
mod watch;
