//! The limit on open descriptors, and the number of connections that it allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most connections at a time.
const MAX_CONNECTIONS: u64 = 4_096;
/// The descriptors that are kept for the listener, the engine and the log.
const RESERVED: u64 = 64;

/// Raises the limit on open descriptors, as far as the system allows, and returns the number of connections that may be
/// open at a time. The usual limit of a process is 1 024, which a port scan uses up.
pub(crate) fn raise_limit() -> usize {
    let wanted = MAX_CONNECTIONS + RESERVED;
    let limit = getrlimit(Resource::Nofile);
    let possible = limit.maximum.map_or(wanted, |maximum| maximum.min(wanted));
    let mut current = limit.current.unwrap_or(wanted);
    if current < possible {
        let raised = Rlimit { current: Some(possible), maximum: limit.maximum };
        if setrlimit(Resource::Nofile, raised).is_ok() {
            current = possible;
        }
    }
    connections(current)
}

/// Returns the number of connections for a limit on descriptors.
fn connections(descriptors: u64) -> usize {
    // At least one: a reaper without clients would be of no use.
    descriptors.saturating_sub(RESERVED).clamp(1, MAX_CONNECTIONS) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_engine() {
        assert_eq!([20_000, 1_024, 10].map(connections), [4_096, 960, 1]);
    }

    #[test]
    fn the_limit_is_never_lowered() {
        let before = getrlimit(Resource::Nofile).current;
        assert!(raise_limit() > 0);
        assert!(getrlimit(Resource::Nofile).current >= before);
    }
}
