//! A resource that the cleaner removes.

use std::fmt;

use crate::engine::Resource;
use crate::words::ContainerId;

/// A container, network or volume of a session. Made only of resources that this process, or a dead session, created.
#[derive(Clone, Debug)]
pub(crate) enum Thing {
    Container {
        id: ContainerId,
        name: String,
        session: String,
    },
    Network {
        id: String,
        name: String,
        session: String,
    },
    Volume {
        name: String,
        session: String,
    },
    /// A resource that may exist or may come into existence: the engine did not answer its creation.
    Unanswered {
        kind: Resource,
        name: String,
        creation: String,
        session: String,
    },
}

impl Thing {
    /// Returns the id of the session that created it.
    pub(super) fn session(&self) -> &str {
        match self {
            Self::Container { session, .. }
            | Self::Network { session, .. }
            | Self::Volume { session, .. }
            | Self::Unanswered { session, .. } => session,
        }
    }

    /// Returns `true` for a container that is known to exist.
    pub(super) fn is_container(&self) -> bool {
        matches!(self, Self::Container { .. })
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { id, name, .. } => write!(f, "container `{name}` ({id})"),
            Self::Network { id, name, .. } => write!(f, "network `{name}` ({id})"),
            Self::Volume { name, .. } => write!(f, "volume `{name}`"),
            Self::Unanswered { kind, name, .. } => {
                write!(f, "{kind} `{name}` (if it exists: the engine did not answer its creation)")
            }
        }
    }
}
