//! The sweep: finds the resources of dead sessions by label and age, lists them, and removes them on request.
//!
//! It is for machines on which nobody cleaned up: the reaper was off, or the machine was lost. Nothing calls it by
//! itself.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime};

use super::Session;
use super::cleaner::cleaner;
use super::owner::{Owner, Place};
use super::thing::Thing;
use crate::config::Keep;
use crate::engine::{Labelled, Resource};
use crate::words::{ContainerId, Error, Kind, Result, seconds};

/// The resources that dead sessions left; made by [`Session::sweep`].
///
/// ```no_run
/// # async fn example() -> seatrial::Result<()> {
/// # use std::time::Duration;
/// let session = seatrial::Session::current().await?;
/// let found = session.sweep(Duration::from_secs(3600)).await?;
/// for left in found.leftovers() {
///     println!("{left}");
/// }
/// found.remove().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is removed before `remove`"]
pub struct Sweep {
    session: Session,
    leftovers: Vec<Leftover>,
}

/// A container, network or volume of a dead session.
///
/// `Display` prints its kind, name, id, session, the process that created it, and its age.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leftover {
    kind: Resource,
    /// The full id, or the name of a volume.
    pub id: String,
    /// The name.
    pub name: String,
    /// The id of the session that created it.
    pub session: String,
    /// The process that created it, as `<pid>@<host name>`; `None` if its label has another form.
    pub owner: Option<String>,
    /// The time since its creation; `None` if the engine does not tell.
    pub age: Option<Duration>,
}

impl Session {
    /// Looks for the resources of dead sessions on this session's engine. Leaves out sessions with a resource that is
    /// younger than `older_than`, and resources that were kept on purpose.
    ///
    /// A session counts as dead when its reaper does not run and each process that its labels name has ended for
    /// certain. That can be told of processes in this process's own PID namespace, and of processes of this machine
    /// before its last boot. So sessions of other machines and of other containers are left out, and so are
    /// containers that only inherited the labels of a session.
    ///
    /// # Errors
    /// The engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn sweep(&self, older_than: Duration) -> Result<Sweep> {
        let found = self.engine().labelled().await?;
        let here = Place::current();
        let has_ended = |owner: &str| {
            let (owner, here) = (Owner::parse(owner), here.as_ref());
            owner.zip(here).is_some_and(|(owner, here)| owner.has_ended(here))
        };
        let leftovers = of_dead_sessions(found, older_than, SystemTime::now(), has_ended);
        Ok(Sweep { session: self.clone(), leftovers })
    }
}

impl Sweep {
    /// Returns what was found, session by session; containers before networks before volumes.
    #[must_use]
    pub fn leftovers(&self) -> &[Leftover] {
        &self.leftovers
    }

    /// Drops all but the resources of one session.
    pub fn only_of(mut self, session: &str) -> Self {
        self.leftovers.retain(|left| left.session == session);
        self
    }

    /// Removes what was found: containers first, then networks, then volumes. A resource that is gone already is a
    /// success.
    ///
    /// # Errors
    /// Leftover, with each resource that could not be removed and the reason.
    ///
    /// # Cancel safety
    /// Dropping the future lets the removals that have begun go on.
    pub async fn remove(self) -> Result<()> {
        let mut failures = Vec::new();
        for kind in [Resource::Container, Resource::Network, Resource::Volume] {
            let of_kind = self.leftovers.iter().filter(|left| left.kind == kind);
            let removals: Vec<_> = of_kind.map(|left| self.removal(left)).collect();
            for outcome in futures_util::future::join_all(removals).await {
                failures.extend(outcome.err().map(|error| format!("  {error}")));
            }
        }
        if failures.is_empty() {
            return Ok(());
        }
        let message = format!("{} resources could not be removed:\n{}", failures.len(), failures.join("\n"));
        Err(Error::new(Kind::Leftover, message))
    }

    /// Removes one resource by the cleaner, as every resource is removed.
    async fn removal(&self, left: &Leftover) -> Result<()> {
        let (id, name, session) = (left.id.clone(), left.name.clone(), left.session.clone());
        let thing = match left.kind {
            Resource::Container => Thing::Container { id: ContainerId::new(id)?, name, session },
            Resource::Network => Thing::Network { id, name, session },
            Resource::Volume => Thing::Volume { name, session },
        };
        cleaner().own(self.session.clone(), thing, Keep::Never, ()).remove().await
    }
}

impl Leftover {
    /// Returns `container`, `network` or `volume`.
    #[must_use]
    pub fn kind(&self) -> String {
        self.kind.to_string()
    }
}

impl fmt::Display for Leftover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, id, name, session, owner, age } = self;
        write!(f, "{kind} `{name}`")?;
        if id != name {
            write!(f, " ({id:.12})")?;
        }
        write!(f, " of session `{session}`")?;
        if let Some(owner) = owner {
            write!(f, ", created by process {owner}")?;
        }
        age.map_or(Ok(()), |age| write!(f, ", {} ago", seconds(age)))
    }
}

/// Returns the resources of sessions whose processes have all ended.
fn of_dead_sessions(
    found: Vec<Labelled>,
    older_than: Duration,
    now: SystemTime,
    has_ended: impl Fn(&str) -> bool,
) -> Vec<Leftover> {
    let mut sessions: BTreeMap<String, Vec<Labelled>> = BTreeMap::new();
    for one in found {
        sessions.entry(one.session.clone()).or_default().push(one);
    }
    // A clock that differs from the engine's may put the past into the future: that is young.
    let age = |one: &Labelled| one.created.map(|at| now.duration_since(at).unwrap_or_default());
    sessions.retain(|_, things| {
        things.iter().all(|one| {
            !one.is_live_reaper
                && one.owner.as_deref().is_some_and(&has_ended)
                && age(one).is_none_or(|age| age >= older_than)
        })
    });
    let things = sessions.into_values().flatten().filter(|one| !one.is_kept);
    things
        .map(|one| Leftover {
            age: age(&one),
            kind: one.kind,
            id: one.id,
            name: one.name,
            session: one.session,
            owner: one.owner.and_then(|owner| Owner::parse(&owner)).map(|owner| owner.short()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    fn container(session: &str, owner: &str) -> Labelled {
        Labelled {
            kind: Resource::Container,
            id: "c".repeat(64),
            name: format!("of-{session}"),
            session: session.to_owned(),
            owner: Some(owner.to_owned()),
            is_kept: false,
            is_live_reaper: false,
            created: Some(UNIX_EPOCH),
        }
    }

    /// Returns the names of what a sweep three hours later finds, when only the owner `dead` has ended.
    fn names(found: Vec<Labelled>) -> Vec<String> {
        let left = of_dead_sessions(found, HOUR, UNIX_EPOCH + HOUR * 3, |owner| owner == "dead");
        left.into_iter().map(|left| left.name).collect()
    }

    /// X9: *pure*.
    #[test]
    fn only_what_is_of_sessions_without_anybody_is_left_over() {
        assert_eq!(names(vec![container("a", "dead"), container("b", "alive")]), ["of-a"]);
        assert_eq!(names(vec![container("a", "dead"), container("a", "alive")]), [""; 0], "one lives");
        let reaper = Labelled { is_live_reaper: true, ..container("a", "dead") };
        assert_eq!(names(vec![container("a", "dead"), reaper]), [""; 0], "its reaper sees to it");
        let nobodys = Labelled { owner: None, ..container("a", "dead") };
        assert_eq!(names(vec![nobodys]), [""; 0], "nobody knows whose it is");
    }

    /// X9: *pure*.
    #[test]
    fn what_is_young_or_was_kept_is_not_left_over() {
        let young = Labelled { created: Some(UNIX_EPOCH + HOUR * 5 / 2), ..container("a", "dead") };
        assert_eq!(names(vec![container("a", "dead"), young]), [""; 0]);
        let future = Labelled { created: Some(UNIX_EPOCH + HOUR * 9), ..container("a", "dead") };
        assert_eq!(names(vec![future]), [""; 0]);
        let kept = Labelled { is_kept: true, name: "kept".into(), ..container("a", "dead") };
        assert_eq!(names(vec![container("a", "dead"), kept]), ["of-a"]);
    }

    #[test]
    fn a_leftover_says_what_and_whose_it_is() {
        let owner = "pid=7 start=1 pidns=2 timens=3 boot=b machine= host=here";
        let left = of_dead_sessions(vec![container("s", owner)], HOUR, UNIX_EPOCH + HOUR, |_| true);
        let text = "container `of-s` (cccccccccccc) of session `s`, created by process 7@here, 3600.0 s ago";
        assert_eq!(left[0].to_string(), text);
    }
}
