//! Follows the restarts of a container by its engine. Each run may get other ports, and the ports of the run before may be
//! given to another container.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::base::{Run, background};
use crate::engine::{EventKind, Ports, Signal, Target};

/// The task that looks a container's ports up at each end and each start. Dropping this aborts it.
pub(super) struct Rebinding {
    _task: Run<()>,
}

impl Rebinding {
    /// Follows a container, and writes to `ports`.
    pub(super) fn begin(target: Target, ports: Arc<Mutex<Ports>>) -> Self {
        Self { _task: background().run(follow(target, ports)) }
    }
}

async fn follow(target: Target, ports: Arc<Mutex<Ports>>) {
    let mut signals = target.listen();
    loop {
        match signals.next().await {
            Signal::Look => look(&target, &ports).await,
            Signal::Event(event) => match event.kind {
                EventKind::Start | EventKind::Die(_) | EventKind::Restart => look(&target, &ports).await,
                EventKind::Destroy => return lock(&ports).end(),
                _ => {}
            },
            // The ports are looked up again once events arrive.
            Signal::Silence(_) => {}
        }
    }
}

async fn look(target: &Target, ports: &Mutex<Ports>) {
    let before = lock(ports).changes();
    let answer = target.inspect().await;
    let mut ports = lock(ports);
    // A value that another task wrote meanwhile may be newer. If it is not, an event follows.
    if ports.changes() != before {
        return;
    }
    match answer {
        Ok(info) => ports.renew(&info),
        Err(error) if error.is_not_found() => ports.end(),
        Err(error) => tracing::debug!("{error}"),
    }
}

fn lock(ports: &Mutex<Ports>) -> MutexGuard<'_, Ports> {
    // Every critical section leaves the value consistent, so a poisoned lock can be used.
    ports.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
}
