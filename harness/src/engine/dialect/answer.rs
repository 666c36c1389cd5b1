//! An engine's error answer, classified by its status and its words. It is pure.
//!
//! Docker's status tells the kind. Podman answers most failures with 500, and its message has the cause, in the words of
//! its own error values. Those of a name that is taken, of a pause, and of an unknown network were seen on 5.4.

use crate::words::Kind;

/// The words in messages of status 500 and above that tell the kind. The first match counts.
const WORDS: &[(&str, Kind)] = &[
    ("port is already allocated", Kind::Conflict),
    ("address already in use", Kind::Conflict),
    ("that name is already in use", Kind::Conflict),
    ("network already exists", Kind::Conflict),
    ("volume already exists", Kind::Conflict),
    ("no such container", Kind::NotFound),
    ("no such exec session", Kind::NotFound),
    ("image not known", Kind::NotFound),
    ("network not found", Kind::NotFound),
    ("no such volume", Kind::NotFound),
    ("container state improper", Kind::Conflict),
    ("network is being used", Kind::Conflict),
    ("volume is being used", Kind::Conflict),
    ("container has already been removed", Kind::NotFound),
];

/// An error answer.
#[derive(Clone, Copy, Debug)]
pub(in crate::engine) struct Answer<'a> {
    pub(in crate::engine) status: u16,
    pub(in crate::engine) message: &'a str,
}

impl Answer<'_> {
    /// Returns the kind of the error.
    pub(in crate::engine) fn kind(self) -> Kind {
        match self.status {
            400 => Kind::Invalid,
            401 | 403 => Kind::Denied,
            404 => Kind::NotFound,
            // Docker's words for a container that a removal has begun to take away.
            409 if self.message.contains("marked for removal") => Kind::NotFound,
            409 => Kind::Conflict,
            _ if self.names_a_taken_container() => Kind::Conflict,
            _ => WORDS
                .iter()
                .find(|(words, _)| self.message.contains(words))
                .map_or(Kind::Engine, |(_, kind)| *kind),
        }
    }

    /// Returns `true` if a kill failed because the container does not run, which is the purpose of a kill.
    pub(in crate::engine) fn is_not_running(self) -> bool {
        self.status == 409 || self.status >= 500 && self.message.contains("can only kill running containers")
    }

    /// Returns `true` if a pause failed because the container is paused.
    pub(in crate::engine) fn is_already_paused(self) -> bool {
        self.message.contains("already paused")
    }

    /// Returns `true` if an unpause failed because the container is not paused.
    pub(in crate::engine) fn is_not_paused(self) -> bool {
        self.message.contains("not paused")
    }

    /// Returns `true` if a stop failed because the container is paused, which Podman does not stop.
    pub(in crate::engine) fn is_paused_for_stop(self) -> bool {
        self.status >= 500
            && self.message.contains("paused")
            && self.message.contains("container state improper")
    }

    /// Returns `true` if the preparation of a command failed because its user or group does not exist. Docker answers
    /// so from 28 on; before, the command's start failed.
    pub(in crate::engine) fn is_unknown_user(self) -> bool {
        self.status == 400
            && ["unable to find user", "unable to find group", "no matching entries in"]
                .iter()
                .any(|words| self.message.contains(words))
    }

    /// Returns `true` for Podman's `the container name "x" is already in use by …`, whose end depends on the version.
    fn names_a_taken_container(self) -> bool {
        self.message.contains("container name") && self.message.contains("already in use")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn kind(status: u16, message: &str) -> Kind {
        Answer { status, message }.kind()
    }

    #[test]
    fn a_container_that_is_being_removed_is_gone() {
        for message in [
            "can not get logs from container which is dead or marked for removal",
            "container is marked for removal and cannot be started",
        ] {
            assert_eq!(kind(409, message), Kind::NotFound);
        }
        assert_eq!(kind(409, "removal of container x is already in progress"), Kind::Conflict);
    }

    #[test]
    fn a_status_of_its_own_tells_the_kind() {
        for (status, expected) in [
            (400, Kind::Invalid),
            (401, Kind::Denied),
            (403, Kind::Denied),
            (404, Kind::NotFound),
            (409, Kind::Conflict),
            (500, Kind::Engine),
            (503, Kind::Engine),
        ] {
            assert_eq!(kind(status, "no words that tell"), expected, "{status}");
        }
        assert_eq!(kind(400, "no such container"), Kind::Invalid, "the words count for 500 only");
    }

    #[test]
    fn the_causes_of_podman_tell_the_kind() {
        for (message, expected) in [
            (
                r#"container create: creating container storage: the container name "x" is already in use by 0a1b. You have to remove that container to be able to reuse that name: that name is already in use"#,
                Kind::Conflict,
            ),
            (
                r#"container create: creating container storage: the container name "x" is already in use by 0a1b. You have to remove that container to be able to reuse that name: that name is already in use, or use --replace to instruct Podman to do so."#,
                Kind::Conflict,
            ),
            ("network name x already used: network already exists", Kind::Conflict),
            (
                "can only kill running containers. 0a1b is in state exited: container state improper",
                Kind::Conflict,
            ),
            ("can only create exec sessions on running containers: container state improper", Kind::Conflict),
            (r#"no container with name or ID "x" found: no such container"#, Kind::NotFound),
            ("no exec session with ID 0a1b found: no such exec session", Kind::NotFound),
            ("unable to find network with name or ID nonet: network not found", Kind::NotFound),
            ("driver failed: Bind for 0.0.0.0:80 failed: port is already allocated", Kind::Conflict),
            ("crun: out of memory: OCI runtime error", Kind::Engine),
        ] {
            assert_eq!(kind(500, message), expected, "{message}");
        }
    }

    #[test]
    fn a_state_that_is_so_already_is_told_from_a_failure() {
        let podman = |message| Answer { status: 500, message };
        let ended = "can only kill running containers. 0a1b is in state exited: container state improper";
        assert!(podman(ended).is_not_running());
        assert!(Answer { status: 409, message: "Container 0a1b is not running" }.is_not_running());
        assert!(!podman("invalid signal: NOPE").is_not_running());
        assert!(Answer { status: 409, message: "Container 0a1b is already paused" }.is_already_paused());
        assert!(podman(r#""0a1b" is already paused: container state improper"#).is_already_paused());
        assert!(
            !podman(r#""created" is not running, can't pause: container state improper"#).is_already_paused()
        );
        assert!(podman("0a1b is not paused, can't unpause: container state improper").is_not_paused());
        assert!(
            podman("container 0a1b is running or paused, refusing to clean up: container state improper")
                .is_paused_for_stop()
        );
        assert!(!podman("container state improper").is_paused_for_stop());
    }

    #[test]
    fn an_unknown_user_is_told_from_a_bad_request() {
        let invalid = |message| Answer { status: 400, message };
        assert!(invalid("unable to find user nope: no matching entries in passwd file").is_unknown_user());
        assert!(!invalid("No exec command specified").is_unknown_user());
    }

    proptest! {
        #[test]
        fn no_answer_panics(status: u16, message in ".*") {
            let answer = Answer { status, message: &message };
            let _ = (answer.kind(), answer.is_not_running(), answer.is_already_paused(), answer.is_unknown_user());
        }
    }
}
