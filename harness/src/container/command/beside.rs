//! Two futures side by side, of which one counts.

use std::future::Future;
use std::pin::pin;

use futures_util::future::{Either, select};

/// Drives one more future for as long as the first is not done.
pub(crate) async fn beside<T>(first: impl Future<Output = T>, other: impl Future<Output = ()>) -> T {
    match select(pin!(first), pin!(other)).await {
        Either::Left((output, _)) => output,
        Either::Right(((), first)) => first.await,
    }
}
