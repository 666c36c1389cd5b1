//! Every future of the pool, dropped after every poll.

use seatrial::pool::MemberState;
use seatrial::{ContainerPool, Lease};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::cancel_at_every_poll;

use super::{builder, pool, states};

/// P1, C8: dropping the build of a pool, after any poll, leaves no container behind.
#[tokio::test]
async fn a_build_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("pool-cancel-build").await;
    let polls = cancel_at_every_poll(
        || builder(&session, 2).build(),
        async |_| until("nothing is left", || session.containers().is_empty()).await,
    )
    .await;
    assert!(polls >= 4, "{polls} polls");
}

async fn check_idle(pool: &ContainerPool) {
    let rests = |state: &MemberState| matches!(state, MemberState::Idle | MemberState::NeverUsed);
    until("all are idle", || states(pool).iter().all(rests)).await;
    let status = pool.status();
    assert_eq!((status.waiting_shared, status.waiting_exclusive), (0, 0));
}

/// P7: a call that is dropped after any poll gives its permit and its container back. Another lease is in its way until
/// the first poll.
#[tokio::test]
async fn a_call_of_the_pool_dropped_after_any_poll_gives_back_what_it_held() {
    let session = OwnSession::begin("pool-cancel-get").await;
    let pool = pool(&session, 2).await;
    let in_the_way = || {
        let other = pool.try_get().expect("open").expect("one is free");
        tokio::spawn(async move {
            tokio::task::yield_now().await;
            drop(other);
        })
    };
    let check = async |_| check_idle(&pool).await;
    let get = || async {
        let both = [in_the_way(), in_the_way()];
        drop(pool.get().await.expect("a container"));
        futures_util::future::join_all(both).await;
    };
    cancel_at_every_poll(get, check).await;
    let exclusive = || async {
        let other = in_the_way();
        drop(pool.get_exclusive().await.expect("a container"));
        other.await.expect("no panic");
    };
    assert!(cancel_at_every_poll(exclusive, check).await >= 2);
    let lock_out = || async {
        let other = in_the_way();
        drop(pool.lock_out().await.expect("nobody has one"));
        other.await.expect("no panic");
    };
    assert!(cancel_at_every_poll(lock_out, check).await >= 2);
    let upgrade = || async {
        let mine = pool.get().await.expect("a container");
        let other = in_the_way();
        drop(Lease::into_exclusive(mine).await.expect("the only one"));
        other.await.expect("no panic");
    };
    assert!(cancel_at_every_poll(upgrade, check).await >= 2);
    pool.close().await.expect("it ends");
}

/// P8: a close whose future is dropped goes on.
#[tokio::test]
async fn a_close_dropped_after_any_poll_closes_all_the_same() {
    let session = OwnSession::begin("pool-cancel-close").await;
    let pool = pool(&session, 2).await;
    let polls = cancel_at_every_poll(
        || pool.close(),
        async |polls| {
            if polls > 0 {
                assert!(pool.try_get().expect_err("closed").is_closed());
                until("all are removed", || session.containers().is_empty()).await;
            }
        },
    )
    .await;
    assert!(polls >= 1);
}
