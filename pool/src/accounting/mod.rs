//! The accounting of a pool's time: the public report, and the logs from which it is made.

#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod accounting;
mod member_log;
#[cfg(feature = "serde")]
mod nanos;
mod newest;
mod pool_log;
mod times;
mod wait_log;
mod waits;

pub use accounting::{Accounting, ExclusiveWindow, Interval, MemberAccount, QueueChange};
pub(crate) use member_log::MemberLog;
pub(crate) use pool_log::PoolLog;
pub use times::MemberTimes;
pub use waits::{LeaseWait, Percentiles, RequestKind, WaitTimes};
