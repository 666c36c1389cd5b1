//! Random moments that come again with the same seed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A small generator (SplitMix64): its numbers need to be spread, not secret.
pub(crate) struct Chance(u64);

impl Chance {
    /// Returns the seed that `SEATRIAL_CRASH_SEED` names, or else one of the time.
    pub(crate) fn seed() -> u64 {
        let named = std::env::var("SEATRIAL_CRASH_SEED").ok();
        named.map(|seed| seed.parse().expect("a number")).unwrap_or_else(|| {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            u64::from(now.subsec_nanos()) ^ now.as_secs().rotate_left(32)
        })
    }

    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Chooses a time up to the longest one.
    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.next() as f64 / u64::MAX as f64)
    }

    /// Chooses a number below this one.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
