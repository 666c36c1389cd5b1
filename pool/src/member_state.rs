//! The state of a pool's member, in the words that users read.

use std::fmt;

/// The state of one member of a pool.
///
/// `Display` prints fixed words, such as `never used` or `reserved in exclusive mode`; a pool's `Display` contains
/// them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MemberState {
    /// Ready, and never leased so far.
    NeverUsed,
    /// Ready, and leased before.
    Idle,
    /// Leased.
    Reserved,
    /// Leased for exclusive use: no other member is leased.
    Exclusive,
    /// Ready, but held back for an exclusive request that waits or was granted.
    HeldBack,
    /// Being recycled for its next lease.
    Recycling,
    /// Unusable; its replacement has not begun.
    Poisoned,
    /// Its replacement is being started.
    Replacing,
    /// Removed from the pool for good: the pool was closed, or the member was detached.
    Shutdown,
}

impl MemberState {
    /// All states, in declaration order.
    pub const ALL: [Self; 9] = [
        Self::NeverUsed,
        Self::Idle,
        Self::Reserved,
        Self::Exclusive,
        Self::HeldBack,
        Self::Recycling,
        Self::Poisoned,
        Self::Replacing,
        Self::Shutdown,
    ];
}

impl fmt::Display for MemberState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NeverUsed => "never used",
            Self::Idle => "idle",
            Self::Reserved => "reserved",
            Self::Exclusive => "reserved in exclusive mode",
            Self::HeldBack => "held back to allow another container to be exclusively-reserved",
            Self::Recycling => "recycling",
            Self::Poisoned => "poisoned",
            Self::Replacing => "replacing",
            Self::Shutdown => "shutdown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// P2: each state prints in fixed words.
    #[test]
    fn each_state_prints_its_fixed_words() {
        let words = [
            "never used",
            "idle",
            "reserved",
            "reserved in exclusive mode",
            "held back to allow another container to be exclusively-reserved",
            "recycling",
            "poisoned",
            "replacing",
            "shutdown",
        ];
        assert_eq!(MemberState::ALL.map(|state| state.to_string()), words);
    }
}
