//! The manager: the part of a pool that works on members.

use std::sync::Arc;

use super::shell::Shell;

/// Recycles, replaces and removes the members of a pool.
///
/// Its methods return at once, and report to the shell when the work is done. A `slot` is the index of a member's place
/// in the pool; its replacement gets the same one.
pub trait Manager: Sized {
    /// The type of the pool's members.
    type Member;

    /// Makes a member ready for its next lease; ends with [`Shell::recycled`].
    fn recycle(shell: &Arc<Shell<Self>>, slot: usize, member: Option<Self::Member>);

    /// Removes a member and starts another in its place; ends with [`Shell::replaced`], unless the pool is closed
    /// first.
    fn replace(shell: &Arc<Shell<Self>>, slot: usize, member: Option<Self::Member>);

    /// Removes a member for good.
    fn remove(shell: &Arc<Shell<Self>>, slot: usize, member: Option<Self::Member>);

    /// Removes a member for good that is still leased, recycled or replaced.
    fn abandon(shell: &Arc<Shell<Self>>, slot: usize);
}
