//! What the requests of a start are, and a container that needs all of them.

use seatrial::{ContainerRequest, Network, Session, WaitFor};
use seatrial_core::labels;
use seatrial_tests::{Engine, Leftovers, Matcher};

use crate::own_session::OwnSession;

/// A request that a start makes of the engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Create,
    Connect,
    Attach,
    Start,
    Inspect,
    Exec,
}

impl Stage {
    /// Those of a start of [`eventful`], in their order.
    pub(crate) const ALL: [Self; 6] =
        [Self::Create, Self::Connect, Self::Attach, Self::Start, Self::Inspect, Self::Exec];

    pub(crate) fn matcher(self) -> Matcher {
        match self {
            Self::Create => Matcher::regex("POST", "^/containers/create$"),
            Self::Connect => Matcher::regex("POST", "^/networks/[^/]+/connect$"),
            Self::Attach => Matcher::regex("POST", "^/containers/[^/]+/attach$"),
            Self::Start => Matcher::regex("POST", "^/containers/[^/]+/start$"),
            Self::Inspect => Matcher::regex("GET", "^/containers/[^/]+/json$"),
            Self::Exec => Matcher::regex("POST", "^/containers/[^/]+/exec$"),
        }
    }
}

/// A container whose start takes every kind of request: with an anonymous volume, in two networks, and waited for by
/// its output and by a command in it.
pub(crate) fn eventful(session: &OwnSession, first: &Network, second: &Network) -> ContainerRequest {
    let ready = WaitFor::all([WaitFor::from(WaitFor::log("ready")), WaitFor::exec(["true"]).into()]);
    with_volume(session, session.shell("echo ready; exec sleep 1000"))
        .network(first)
        .network(second)
        .wait_for(ready)
}

/// Adds an anonymous volume that carries the session's label, so that it is found when it is left.
pub(crate) fn with_volume(session: &OwnSession, request: ContainerRequest) -> ContainerRequest {
    let id = session.id().to_string();
    request.anonymous_volume("/anonymous").modify_host_config(move |host| {
        for mount in host.mounts.iter_mut().flatten() {
            let options = mount.volume_options.get_or_insert_default();
            options.labels = Some([(labels::SESSION.to_owned(), id.clone())].into());
        }
    })
}

/// Waits until all that is under way in a session is over, so that its proxy can go, and sees that nothing is left.
pub(crate) async fn end(session: OwnSession) {
    Session::clone(&session).close().await.expect("everything can be removed");
    let left =
        Leftovers::of_session(&Engine::from_env(), session.id().as_str()).expect("the engine lists it");
    assert!(left.is_empty(), "session `{}` has left:\n{left}", session.id());
}
