//! Ctrl-C and SIGTERM: the first one ends the run in order, the second one at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell says of a command that SIGINT has ended.
const INTERRUPTED: i32 = 130;

/// Is ready when somebody wants the command to end; from then on, the next signal ends the process.
pub(super) async fn interrupted() {
    let mut signals = [SignalKind::interrupt(), SignalKind::terminate()].map(|kind| signal(kind).ok());
    any(&mut signals).await;
    eprintln!("interrupted: ending what is under way; once more ends at once");
    tokio::spawn(async move {
        any(&mut signals).await;
        at_once();
    });
}

async fn any([one, other]: &mut [Option<Signal>; 2]) {
    tokio::select! {
        () = next(one) => {}
        () = next(other) => {}
    }
}

async fn next(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Ends the process without carrying out what runs at its end: the session's reaper removes what there is.
#[expect(unsafe_code, reason = "the standard library has no exit that skips the hooks and is no abort")]
fn at_once() -> ! {
    // SAFETY: it takes a number and does not return; nothing of ours is needed any more.
    unsafe { libc::_exit(INTERRUPTED) }
}
