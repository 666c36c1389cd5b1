//! Two futures side by side, only one of which is awaited to its end.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};

/// Drives a second future until the first completes. Returns the output of the first.
pub(crate) async fn beside<T>(first: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    match select(pin!(first), pin!(other)).await {
        Either::Left((output, _)) => output,
        Either::Right(((), first)) => first.await,
    }
}
