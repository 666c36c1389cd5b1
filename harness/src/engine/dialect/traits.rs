//! The ways in which an engine differs from Docker, as facts about each product.

use crate::engine::version::{EngineKind, EngineVersion};

/// The seconds that an engine gives a process to end, unless the container says otherwise.
const STOP_SECONDS: i64 = 10;

/// The dialect of one engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Dialect {
    kind: EngineKind,
}

impl Dialect {
    /// Determines the dialect by the engine's version.
    pub(in crate::engine) fn of(version: &EngineVersion) -> Self {
        Self { kind: version.kind }
    }

    fn is_docker(self) -> bool {
        self.kind == EngineKind::Docker
    }

    /// Returns `true` if a forced removal gives the process its stop timeout, so that a kill has to precede it. Podman
    /// waits 10 s for a process that ignores SIGTERM (observed with 5.4).
    pub(in crate::engine) fn stops_before_removal(self) -> bool {
        self.kind == EngineKind::Podman
    }

    /// Returns the stop timeout to state at a creation that states none. Podman 4 takes it for 0, and kills at once.
    pub(in crate::engine) fn stop_timeout(self) -> Option<i64> {
        (self.kind == EngineKind::Podman).then_some(STOP_SECONDS)
    }

    /// Returns `true` if the pid of an ended command stays known. Podman clears it, and reports a failed start in its
    /// answer to the start.
    pub(in crate::engine) fn keeps_pids_of_commands(self) -> bool {
        self.is_docker()
    }

    /// Returns `true` if the flag for an end by lack of memory may be late, with an `oom` event that follows.
    pub(in crate::engine) fn tells_of_oom_late(self) -> bool {
        self.is_docker()
    }

    /// Returns `true` if the pids of a container's process list may be another machine's. Docker takes the pids in a
    /// sandbox for pids of its machine.
    pub(in crate::engine) fn confuses_pids(self) -> bool {
        self.is_docker()
    }

    /// Returns `true` if its events can be filtered by Docker's names of their types.
    pub(in crate::engine) fn knows_event_names(self) -> bool {
        self.is_docker()
    }

    /// Returns `true` if it has the log driver `local`.
    pub(crate) fn has_local_logs(self) -> bool {
        self.is_docker()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn podman_needs_a_kill_and_a_stop_timeout() {
        let podman = Dialect { kind: EngineKind::Podman };
        assert!(podman.stops_before_removal() && !podman.has_local_logs());
        assert_eq!(podman.stop_timeout(), Some(10));
        let docker = Dialect { kind: EngineKind::Docker };
        assert!(!docker.stops_before_removal() && docker.has_local_logs());
        assert_eq!(docker.stop_timeout(), None);
    }
}
