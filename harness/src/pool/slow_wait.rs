//! Reports on stderr of requests that have waited for long, such as those of a test that waits for its own lease.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use seatrial_pool::{Client, PendingRequest, RequestKind};

use super::manager::PoolShell;
use super::status::PoolStatus;
use crate::base::tell;
use crate::words::seconds;

/// The kinds of requests, with the method that makes each.
const METHODS: [(RequestKind, &str); 4] = [
    (RequestKind::Shared, "get"),
    (RequestKind::Exclusive, "get_exclusive"),
    (RequestKind::LockOut, "lock_out"),
    (RequestKind::Upgrade, "into_exclusive"),
];

/// Awaits a request, and lets the reports know if it has to wait.
pub(super) async fn watched<F: Future + Unpin>(shell: &PoolShell, mut request: F) -> F::Output {
    poll_fn(|cx| {
        let polled = Pin::new(&mut request).poll(cx);
        if polled.is_pending() {
            shell.manager().request_waits.notify_one();
        }
        polled
    })
    .await
}

/// Reports each request once, when it has waited for this long; never ends.
///
/// While no request waits, or all that wait were reported, the task sleeps without a timer.
pub(super) async fn report(shell: PoolShell, threshold: Duration) {
    let mut reported = HashSet::new();
    loop {
        let mut pending = shell.pending();
        reported.retain(|key| pending.iter().any(|request| key == &key_of(request)));
        pending.retain(|request| !reported.contains(&key_of(request)));
        let due: Vec<_> = pending.iter().filter(|request| request.waited >= threshold).copied().collect();
        if !due.is_empty() {
            reported.extend(due.iter().map(key_of));
            let pool = shell.manager().names.subject();
            lines(&pool, &due, &PoolStatus::of(shell.status())).iter().for_each(|line| tell(line));
            continue;
        }
        match pending.iter().map(|request| threshold - request.waited).min() {
            Some(left) => crate::base::sleep(left).await,
            None => shell.manager().request_waits.notified().await,
        }
    }
}

/// Identifies a wait: a lease and its upgrade have the same client.
fn key_of(request: &PendingRequest) -> (Client, RequestKind) {
    (request.client, request.kind)
}

/// Returns one line for each kind of request.
fn lines(pool: &str, due: &[PendingRequest], status: &PoolStatus) -> Vec<String> {
    let line = |(kind, method): (RequestKind, &str)| {
        let waits: Vec<_> = due.iter().filter(|request| request.kind == kind).map(|one| one.waited).collect();
        let shortest = seconds(*waits.iter().min()?);
        let calls = match waits.len() {
            1 => format!("a call of `{method}` has waited for {shortest}"),
            count => format!("{count} calls of `{method}` have waited for {shortest} or longer"),
        };
        let advice = "a test that still holds a lease may be waiting for itself";
        Some(format!("seatrial: {pool}: {calls} ({advice}): {status}\n"))
    };
    METHODS.into_iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P3: the report names the pool, the call, and the state of every container.
    #[test]
    fn requests_of_one_kind_are_reported_in_one_line() {
        let status = PoolStatus {
            members: Vec::new(),
            waiting_shared: 3,
            waiting_exclusive: 0,
            utilization: 0.5,
            was_used: true,
            is_closed: false,
        };
        let request = |client, kind, seconds| PendingRequest {
            client: Client(client),
            kind,
            waited: Duration::from_secs(seconds),
        };
        let due = [
            request(1, RequestKind::Shared, 31),
            request(2, RequestKind::Shared, 30),
            request(3, RequestKind::Upgrade, 30),
        ];
        let advice = "a test that still holds a lease may be waiting for itself";
        assert_eq!(
            lines("pool `db`", &due, &status),
            [
                format!(
                    "seatrial: pool `db`: 2 calls of `get` have waited for 30.0 s or longer ({advice}): {status}\n"
                ),
                format!(
                    "seatrial: pool `db`: a call of `into_exclusive` has waited for 30.0 s ({advice}): {status}\n"
                ),
            ]
        );
    }
}
