//! The limits on what clients can store in the arbiter, so that its memory is bounded.

/// The most pools.
pub(super) const POOLS: usize = 256;
/// The most members, or holders of a shared container, of one pool.
pub(super) const SIZE: u32 = 10_000;
/// The most members, or holders, of all pools together.
pub(super) const SIZES: usize = 20_000;
/// The most bytes of a pool's settings.
pub(super) const FACTS: usize = 32 << 10;
/// The most bytes of all pools' settings together.
pub(super) const ALL_FACTS: usize = 2 << 20;
/// The most leases and requests of one connection.
pub(super) const LEASES: usize = 10_000;
/// The most bytes of a client's name, and of a label.
pub(super) const LABEL: usize = 1 << 10;
/// The most bytes of a member's payload, and of a failure's reason.
pub(super) const PAYLOAD: usize = 16 << 10;

/// Returns the number of entries that each log of a pool's accounting keeps. Large pools keep fewer for each member.
pub(super) fn history(size: u32) -> usize {
    (20_000 / size.max(1) as usize).clamp(4, 1_000)
}

/// Checks the length of a text, and names it in the error.
pub(super) fn check(name: &str, text: &str, most: usize) -> Result<(), String> {
    if text.len() <= most {
        return Ok(());
    }
    Err(format!("the {name} has {} bytes; at most {most} are kept", text.len()))
}
