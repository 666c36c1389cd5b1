//! Pools, by themselves and made at their first use.

use std::time::Duration;

use seatrial::{ContainerPool, ContainerRequest, LazyPool, Lease};
use seatrial_test_support::own_session::{BASIC, OwnSession};

use super::{in_any_executor, step};

const TIME: Duration = Duration::from_secs(30);

in_any_executor!(pools);
async fn pools() {
    let session = OwnSession::begin("any-pools").await;
    let dir = tempfile::tempdir().expect("a folder");
    let pool = step!("pool/builder.rs build", ContainerPool::builder(session.idle()).size(1).build());
    let lease = step!("pool/pool.rs get", pool.get());
    let busy = pool.get_timeout(Duration::from_millis(50)).await;
    assert!(busy.expect_err("the only one is leased").is_timeout());
    drop(step!("pool/lease.rs into_exclusive", Lease::into_exclusive(lease)));
    drop(step!("pool/pool.rs get_timeout", pool.get_timeout(TIME)));
    drop(step!("pool/pool.rs get_exclusive", pool.get_exclusive()));
    drop(step!("pool/pool.rs lock_out", pool.lock_out()));
    step!("pool/timeline.rs write_html", pool.timeline().write_html(dir.path().join("a.html")));
    step!("pool/timeline.rs write_json", pool.timeline().write_json(dir.path().join("a.json")));
    step!("pool/pool.rs close", pool.close());
}

in_any_executor!(lazy_pools);
async fn lazy_pools() {
    // Not a static: the executors' tests would close it beneath each other.
    let pool = LazyPool::new(|| {
        let request = ContainerRequest::new(BASIC).cmd(["sleep", "600"]).stop_signal("KILL");
        ContainerPool::builder(request).size(1)
    });
    step!("pool/lazy.rs pool", pool.pool());
    drop(step!("pool/lazy.rs get", pool.get()));
    drop(step!("pool/lazy.rs try_get", pool.try_get()));
    drop(step!("pool/lazy.rs get_timeout", pool.get_timeout(TIME)));
    drop(step!("pool/lazy.rs get_exclusive", pool.get_exclusive()));
    drop(step!("pool/lazy.rs lock_out", pool.lock_out()));
    step!("pool/lazy.rs close", pool.close());
}
