//! The signals that end a run: the first one in order, the second one at once.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// The exit code of a command that SIGINT has ended, as shells report it.
const INTERRUPTED: i32 = 130;

/// Waits for SIGINT, SIGTERM, SIGHUP or SIGQUIT. From then on, the next one ends the process.
///
/// A signal that the process was started to ignore, as `nohup` does with SIGHUP, stays ignored.
pub(super) async fn interrupted() {
    let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::quit()];
    let mut signals: Vec<_> = kinds
        .into_iter()
        .filter(|kind| !is_ignored(kind.as_raw_value()))
        .filter_map(|kind| signal(kind).ok())
        .collect();
    any(&mut signals).await;
    eprintln!("interrupted: ending the cases that run; another signal ends this process at once");
    tokio::spawn(async move {
        any(&mut signals).await;
        end_at_once();
    });
}

async fn any(signals: &mut [Signal]) {
    if signals.is_empty() {
        return std::future::pending().await;
    }
    let received = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    futures_util::future::select_all(received).await;
}

#[expect(unsafe_code, reason = "the standard library does not tell what a signal does")]
fn is_ignored(signal: i32) -> bool {
    // SAFETY: all of the structure's fields may be zero, and the call writes it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &raw mut action) == 0
            && action.sa_sigaction == libc::SIG_IGN
    }
}

/// Ends the process without the hooks that run at its end. The session's reaper removes the containers.
#[expect(unsafe_code, reason = "the standard library has no exit that skips the hooks and is no abort")]
fn end_at_once() -> ! {
    // SAFETY: it takes a number and does not return; nothing of this process is needed any more.
    unsafe { libc::_exit(INTERRUPTED) }
}
