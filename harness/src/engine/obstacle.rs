//! Advice for an engine that did not answer, by the kind of obstacle. It contacts no engine.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::candidate::{causes, reason};
use crate::config::Endpoint;
use crate::words::{Error, Kind};

/// The kind of obstacle between this process and an engine, in the order in which it decides the advice: an engine that
/// is there and can't be used is the likelier one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Obstacle {
    /// This user may not use the socket.
    Denied,
    /// The engine is there and does not answer in time.
    Silent,
    /// The engine expects TLS.
    TlsWanted,
    /// The certificates of one side do not satisfy the other.
    Certificate,
    /// The socket exists, and no daemon listens.
    NotRunning,
    /// The socket does not exist, or the reason is unknown.
    Other,
}

impl Obstacle {
    /// Finds the kind of obstacle by the error of a probe.
    pub(super) fn of(error: &Error) -> Self {
        let io_error = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
        match io_error.map(io::Error::kind) {
            Some(io::ErrorKind::PermissionDenied) => return Self::Denied,
            Some(io::ErrorKind::ConnectionRefused) => return Self::NotRunning,
            Some(io::ErrorKind::TimedOut) => return Self::Silent,
            _ => {}
        }
        let text = reason(error).to_lowercase();
        if error.kind() == Kind::Timeout {
            Self::Silent
        } else if text.contains("http request to an https server") {
            Self::TlsWanted
        } else if text.contains("certificate") {
            Self::Certificate
        } else {
            Self::Other
        }
    }

    /// Returns the advice for the engine at this address. `None` if there is no special one.
    pub(super) fn advice(self, endpoint: &Endpoint) -> Option<String> {
        match (self, endpoint) {
            (Self::Denied, Endpoint::Unix(path)) => Some(Access::of(path).advice(path)),
            (Self::Silent, _) => Some(format!(
                "the engine at `{endpoint}` hangs if `docker version` hangs too: restart it, for example with `sudo \
                 systemctl restart docker`"
            )),
            (Self::TlsWanted, _) => Some(
                "the engine expects TLS: set `DOCKER_TLS_VERIFY=1`, and `DOCKER_CERT_PATH` to the folder with \
                 `ca.pem`, `cert.pem` and `key.pem`"
                    .to_owned(),
            ),
            (Self::Certificate, _) => Some(
                "check that `ca.pem`, `cert.pem` and `key.pem` in `DOCKER_CERT_PATH` are those of this engine, and \
                 that its certificate names the host of its address"
                    .to_owned(),
            ),
            (Self::NotRunning, Endpoint::Unix(path)) => Some(format!(
                "start the engine that listens at `{}`, for example with `{}`",
                path.display(),
                start_command(path)
            )),
            _ => None,
        }
    }
}

/// Returns the command that starts the daemon of a socket on a machine with systemd.
fn start_command(path: &Path) -> &'static str {
    let (is_podman, is_of_user) =
        (path.ends_with("podman.sock"), !path.starts_with("/run/podman") && !is_system_wide(path));
    match (is_podman, is_of_user) {
        (true, true) => "systemctl --user start podman.socket",
        (true, false) => "sudo systemctl start podman.socket",
        (false, true) => "systemctl --user start docker",
        (false, false) => "sudo systemctl start docker",
    }
}

fn is_system_wide(path: &Path) -> bool {
    path.starts_with("/var/run") || path.parent() == Some(Path::new("/run"))
}

/// The facts about a socket that decide why this user may not use it.
#[derive(Debug, Default)]
struct Access {
    /// The id of the socket's group. `None` if the socket can't be inspected, since its folder is closed.
    gid: Option<u32>,
    /// The name of the socket's group, if it has one here.
    group: Option<String>,
    /// `true` if the group's members may use the socket.
    is_open_to_group: bool,
    /// The name of this user, if known.
    user: Option<String>,
    /// `true` if the user is listed as a member of the group.
    is_listed: bool,
}

impl Access {
    fn of(path: &Path) -> Self {
        let Ok(meta) = fs::metadata(path) else { return Self::default() };
        let line = |file: &str, id: u32| {
            let content = fs::read_to_string(file).unwrap_or_default();
            let found = content.lines().find(|line| line.split(':').nth(2) == Some(&id.to_string()));
            found.map(str::to_owned)
        };
        let uid = fs::metadata("/proc/self").ok().map(|meta| meta.uid());
        let user = uid.and_then(|uid| line("/etc/passwd", uid)).and_then(|line| name_of(&line));
        let group = line("/etc/group", meta.gid());
        let is_listed = group.as_deref().is_some_and(|line| {
            let members = line.rsplit(':').next().unwrap_or_default();
            members.split(',').any(|member| Some(member) == user.as_deref())
        });
        Self {
            gid: Some(meta.gid()),
            group: group.and_then(|line| name_of(&line)),
            is_open_to_group: meta.mode() & 0o060 == 0o060,
            user,
            is_listed,
        }
    }

    fn advice(&self, path: &Path) -> String {
        let shown = path.display();
        let rootless = "use a rootless engine (`dockerd-rootless-setuptool.sh install`, or `systemctl --user start \
                        podman.socket`)";
        match (self.gid, self.group.as_deref()) {
            (Some(0), _) => format!("only root may use `{shown}`: {rootless}, or run as root"),
            (Some(gid), _) if !self.is_open_to_group => {
                format!(
                    "only the owner may use `{shown}`, whose group is {gid}: {rootless}, or change its mode"
                )
            }
            (Some(_), Some(group)) if self.is_listed => format!(
                "this user is in the group `{group}`, which may use `{shown}`, but this process was started before \
                 that: log in again, or run `newgrp {group}` and start the process from there"
            ),
            (Some(_), Some(group)) => format!(
                "add this user to the group `{group}`, which may use `{shown}`: `sudo usermod -aG {group} {}`, then log \
                 in again or run `newgrp {group}`; or {rootless}",
                self.user.as_deref().unwrap_or("$USER")
            ),
            (Some(gid), None) => format!(
                "the group {gid} may use `{shown}`, and has no name here: run this process with it, as with `docker run \
                 --group-add {gid}` if this is a container"
            ),
            (None, _) => format!(
                "this user may not enter the folder of `{shown}`, which is probably the one of another user: {rootless}, \
                 or set `DOCKER_HOST` to an engine of this user"
            ),
        }
    }
}

/// Returns the name in a line of `/etc/passwd` or `/etc/group`.
fn name_of(line: &str) -> Option<String> {
    line.split(':').next().filter(|name| !name.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E4: if permission is denied, the advice is the one that fits the socket's group and the user.
    #[test]
    fn the_advice_on_a_denied_socket_fits_its_group() {
        let path = Path::new("/run/docker.sock");
        let user = || Some("me".to_owned());
        let docker = || Some("docker".to_owned());
        for (gid, group, is_open_to_group, is_listed, expected) in [
            (
                Some(998),
                docker(),
                true,
                false,
                "`sudo usermod -aG docker me`, then log in again or run `newgrp docker`",
            ),
            (Some(998), docker(), true, true, "log in again, or run `newgrp docker`"),
            (Some(998), None, true, false, "`docker run --group-add 998`"),
            (
                Some(0),
                Some("root".into()),
                true,
                false,
                "only root may use `/run/docker.sock`: use a rootless engine",
            ),
            (Some(1000), Some("you".into()), false, false, "only the owner may use"),
            (None, None, false, false, "may not enter the folder"),
        ] {
            let access = Access { gid, group, is_open_to_group, user: user(), is_listed };
            let advice = access.advice(path);
            assert!(advice.contains(expected), "{access:?}: {advice}");
        }
        let listed =
            Access { gid: Some(998), group: docker(), is_open_to_group: true, is_listed: true, user: user() };
        assert!(!listed.advice(path).contains("usermod"), "a member need not become one");
    }

    /// E4: a daemon that does not run is started by the command that fits its socket.
    #[test]
    fn the_command_to_start_an_engine_fits_its_socket() {
        for (path, command) in [
            ("/var/run/docker.sock", "sudo systemctl start docker"),
            ("/run/docker.sock", "sudo systemctl start docker"),
            ("/run/user/1000/docker.sock", "systemctl --user start docker"),
            ("/run/user/1000/podman/podman.sock", "systemctl --user start podman.socket"),
            ("/run/podman/podman.sock", "sudo systemctl start podman.socket"),
        ] {
            assert_eq!(start_command(Path::new(path)), command, "{path}");
        }
    }

    /// E4: the obstacle is found in the causes of the probe's error.
    #[test]
    fn an_obstacle_is_found_by_its_cause() {
        let with =
            |kind: io::ErrorKind| Error::new(Kind::Unreachable, "no").with_source(io::Error::from(kind));
        for (error, obstacle) in [
            (with(io::ErrorKind::PermissionDenied), Obstacle::Denied),
            (with(io::ErrorKind::ConnectionRefused), Obstacle::NotRunning),
            (with(io::ErrorKind::TimedOut), Obstacle::Silent),
            (with(io::ErrorKind::NotFound), Obstacle::Other),
            (Error::new(Kind::Timeout, "no answer"), Obstacle::Silent),
            (
                Error::new(Kind::Invalid, "Client sent an HTTP request to an HTTPS server."),
                Obstacle::TlsWanted,
            ),
            (Error::new(Kind::Protocol, "invalid peer certificate: UnknownIssuer"), Obstacle::Certificate),
        ] {
            assert_eq!(Obstacle::of(&error), obstacle, "{error}");
        }
    }
}
