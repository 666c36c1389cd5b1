//! The requests that a start makes, and a container that needs all of them.

use std::time::Duration;

use seatrial::{ContainerRequest, CopyIn, Network, Session, WaitFor};
use seatrial_core::labels;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Child, Engine, Leftovers, Matcher, TempFiles};
use tempfile::NamedTempFile;

/// A request that a start makes of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Create,
    Connect,
    Copy,
    Attach,
    Start,
    Inspect,
    Exec,
}

impl Stage {
    /// All stages, in the order of a start in a [`Scene`].
    pub(crate) const ALL: [Self; 7] =
        [Self::Create, Self::Connect, Self::Copy, Self::Attach, Self::Start, Self::Inspect, Self::Exec];

    pub(crate) fn matcher(self) -> Matcher {
        match self {
            Self::Create => Matcher::regex("POST", "^/containers/create$"),
            Self::Connect => Matcher::regex("POST", "^/networks/[^/]+/connect$"),
            Self::Copy => Matcher::regex("PUT", "^/containers/[^/]+/archive$"),
            Self::Attach => Matcher::regex("POST", "^/containers/[^/]+/attach$"),
            Self::Start => Matcher::regex("POST", "^/containers/[^/]+/start$"),
            Self::Inspect => Matcher::regex("GET", "^/containers/[^/]+/json$"),
            Self::Exec => Matcher::regex("POST", "^/containers/[^/]+/exec$"),
        }
    }
}

/// The things that starts with every kind of request share: two networks, and a file to mount.
///
/// It belongs into a process whose folder for temporary files is its own, see [`in_own_folder`].
pub(crate) struct Scene {
    networks: OwnSession,
    first: Network,
    pub(crate) second: Network,
    file: NamedTempFile,
    temporary: TempFiles,
}

impl Scene {
    pub(crate) async fn set(topic: &str) -> Self {
        let networks = OwnSession::begin(topic).await;
        let first = Network::create_in(&networks).await.expect("a network");
        let second = Network::create_in(&networks).await.expect("a network");
        let file = NamedTempFile::new().expect("a file");
        Self { networks, first, second, file, temporary: TempFiles::now() }
    }

    /// Requests a container with an anonymous volume, in two networks, with a file that is copied in and one that is
    /// mounted, and waited for by its output and by a command in it.
    pub(crate) fn request(&self, session: &OwnSession) -> ContainerRequest {
        with_volume(session, session.shell("echo ready; exec sleep 1000"))
            .network(&self.first)
            .network(&self.second)
            .copy_in(CopyIn::bytes("copied", "/copied"))
            .mount_files([self.file.path()], "/mounted")
            .wait_for(WaitFor::all([WaitFor::from(WaitFor::log("ready")), WaitFor::exec(["true"]).into()]))
    }

    /// Sees that nothing of a session is left, its temporary files included, once all that is under way is over.
    pub(crate) async fn check(&self, session: &OwnSession) {
        end(session).await;
        // A copy that was being made when its start was dropped is made, and then deleted.
        self.temporary.assert_none_added();
    }

    pub(crate) async fn clear(self) {
        let Self { networks, first, second, .. } = self;
        drop((first, second));
        end(&networks).await;
    }
}

/// Runs a scenario in a process with a folder of its own for temporary files, and sees that it succeeds.
#[track_caller]
pub(crate) fn in_own_folder(scenario: impl Fn(), variables: &[(&str, &str)]) {
    let folder = tempfile::tempdir().expect("a folder");
    let variables = [variables, &[("TMPDIR", folder.path().to_str().expect("unicode"))]].concat();
    let mut child = Child::spawn(scenario, &variables);
    let status = child.wait(Duration::from_secs(240));
    assert!(status.success(), "{status}:\n{}", child.lines().join("\n"));
}

/// Adds an anonymous volume that carries the session's label, so that it is found when it is left.
pub(crate) fn with_volume(session: &OwnSession, request: ContainerRequest) -> ContainerRequest {
    let id = session.id().to_string();
    request.anonymous_volume("/anonymous").modify_host_config(move |host| {
        for mount in host.mounts.iter_mut().flatten().filter(|mount| mount.source.is_none()) {
            let options = mount.volume_options.get_or_insert_default();
            options.labels = Some([(labels::SESSION.to_owned(), id.clone())].into());
        }
    })
}

/// Waits until all that is under way in a session is over, so that its proxy can go, and sees that nothing is left.
pub(crate) async fn end(session: &OwnSession) {
    Session::clone(session).close().await.expect("everything can be removed");
    let left =
        Leftovers::of_session(&Engine::from_env(), session.id().as_str()).expect("the engine lists it");
    assert!(left.is_empty(), "session `{}` has left:\n{left}", session.id());
}
