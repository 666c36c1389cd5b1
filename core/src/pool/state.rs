//! The words for what a member of a pool is doing.

use std::fmt;

/// What a member of a pool is doing, as people see it.
///
/// `Display` prints the words that a pool's text has: `never used`, `reserved in exclusive mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum MemberState {
    /// Ready, and no lease has had it yet.
    NeverUsed,
    /// Ready.
    Idle,
    /// Leased.
    Reserved,
    /// Leased while nobody else has a lease.
    Exclusive,
    /// Kept from everybody: somebody waits for, or has, the pool for itself.
    HeldBack,
    /// Being made ready for the next lease.
    Recycling,
    /// Not to be used any more; its replacement has not begun.
    Poisoned,
    /// Its replacement is being started.
    Replacing,
    /// Out of the pool for good: the pool is closed, or the member was detached.
    Shutdown,
}

impl MemberState {
    /// All states, in the order of their declaration.
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

    /// P2.
    #[test]
    fn each_state_has_its_words() {
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
