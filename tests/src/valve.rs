//! Valves: they let all of a body through, a part of it, or all of it slowly.

use std::time::Duration;

use crate::Then;

/// The most that passes at once when nothing limits it.
const UNLIMITED: usize = usize::MAX;

/// Limits what passes of one body.
#[derive(Debug)]
pub(crate) enum Valve {
    /// All, as fast as it comes.
    Open,
    /// So many bytes, and then this.
    Part { left: u64, then: Then },
    /// All, at this rate.
    Slow { bytes_per_second: u64 },
}

impl Valve {
    /// Returns how many bytes may pass now, or the next step if no more may pass.
    pub(crate) fn allowance(&self) -> Result<usize, Then> {
        match self {
            Self::Open => Ok(UNLIMITED),
            Self::Part { left: 0, then } => Err(*then),
            Self::Part { left, .. } => Ok(usize::try_from(*left).unwrap_or(UNLIMITED)),
            // Twenty pieces a second look like a slow line, not like bursts.
            Self::Slow { bytes_per_second } => {
                Ok(usize::try_from(bytes_per_second / 20).unwrap_or(UNLIMITED).max(1))
            }
        }
    }

    /// Takes note of bytes that have passed, and waits as long as they take on a slow line.
    pub(crate) async fn passed(&mut self, bytes: usize) {
        match self {
            Self::Open => {}
            Self::Part { left, .. } => *left -= bytes as u64,
            Self::Slow { bytes_per_second } => {
                tokio::time::sleep(Duration::from_secs_f64(bytes as f64 / *bytes_per_second as f64)).await;
            }
        }
    }
}
