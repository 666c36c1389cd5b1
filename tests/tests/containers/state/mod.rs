//! A container's state as it changes, and waits for its end, through engines that break off and come back.

mod broken;
mod restarted;
mod until;
mod watch;
