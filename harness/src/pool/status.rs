//! What a pool looks like at one moment, for people and for programs.

use std::fmt;

use seatrial_core::pool::MemberState;

use super::shell::Snapshot;

/// What a pool looks like at one moment.
///
/// `Display` prints `ContainerPool[never used]` before the first lease, then one line with every container:
/// `ContainerPool[2/4 containers in use, utilization=53.1%]: db-0[idle], db-1[reserved]: migrations, …`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The containers that are in the pool, by name.
    pub members: Vec<MemberStatus>,
    /// How many wait for a container.
    pub waiting_shared: usize,
    /// How many wait for the pool for themselves.
    pub waiting_exclusive: usize,
    /// The part of the containers' time, from the first lease on, in which they were leased: in [0, 1].
    pub utilization: f64,
    /// Whether anybody ever had a container.
    pub was_used: bool,
    /// Whether the pool is closed.
    pub is_closed: bool,
}

/// What one container of a pool is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberStatus {
    /// The container's name.
    pub name: String,
    /// What it is doing.
    pub state: MemberState,
    /// What its lease says that it does.
    pub label: Option<String>,
}

impl PoolStatus {
    pub(super) fn of(snapshot: Snapshot) -> Self {
        let is_in = |state: MemberState| snapshot.is_closed || state != MemberState::Shutdown;
        let members = snapshot.members.iter().filter(|(_, state, _)| is_in(*state));
        let mut members: Vec<_> = members
            .map(|(name, state, label)| MemberStatus {
                name: name.as_ref().to_owned(),
                state: *state,
                label: label.as_deref().map(str::to_owned),
            })
            .collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            members,
            waiting_shared: snapshot.waiting.0,
            waiting_exclusive: snapshot.waiting.1,
            utilization: snapshot.utilization,
            was_used: snapshot.was_used,
            is_closed: snapshot.is_closed,
        }
    }

    /// How many containers are leased.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let leased = |state| matches!(state, MemberState::Reserved | MemberState::Exclusive);
        self.members.iter().filter(|member| leased(member.state)).count()
    }
}

impl fmt::Display for PoolStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.was_used && self.waiting_shared + self.waiting_exclusive == 0 && !self.is_closed {
            return f.write_str("ContainerPool[never used]");
        }
        let (in_use, size, percent) = (self.in_use(), self.members.len(), self.utilization * 100.0);
        write!(f, "ContainerPool[{in_use}/{size} containers in use, utilization={percent:.1}%]")?;
        for (at, member) in self.members.iter().enumerate() {
            let before = if at == 0 { ": " } else { ", " };
            write!(f, "{before}{}[{}]", member.name, member.state)?;
            if let Some(label) = &member.label {
                write!(f, ": {label}")?;
            }
        }
        match (self.waiting_shared, self.waiting_exclusive) {
            (0, 0) => Ok(()),
            (shared, 0) => write!(f, "; {shared} waiting"),
            (0, exclusive) => write!(f, "; {exclusive} waiting for exclusive use"),
            (shared, exclusive) => write!(f, "; {shared} waiting, and {exclusive} for exclusive use"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn status(members: &[(&str, MemberState, Option<&str>)]) -> Snapshot {
        let member = |(name, state, label): &(&str, MemberState, Option<&str>)| {
            (Arc::from(*name), *state, label.map(Arc::from))
        };
        Snapshot {
            members: members.iter().map(member).collect(),
            waiting: (0, 0),
            utilization: 0.5312,
            was_used: true,
            is_closed: false,
        }
    }

    /// P11.
    #[test]
    fn a_pool_is_printed_by_name_with_labels_and_who_waits() {
        let mut snapshot = status(&[
            ("c", MemberState::Reserved, Some("migrations")),
            ("a", MemberState::NeverUsed, None),
            ("d", MemberState::Shutdown, None),
            ("b", MemberState::Exclusive, None),
        ]);
        let line = "ContainerPool[2/3 containers in use, utilization=53.1%]: a[never used], \
                    b[reserved in exclusive mode], c[reserved]: migrations";
        assert_eq!(PoolStatus::of(snapshot).to_string(), line);
        snapshot = status(&[("a", MemberState::HeldBack, None)]);
        snapshot.waiting = (2, 1);
        assert_eq!(
            PoolStatus::of(snapshot).to_string(),
            "ContainerPool[0/1 containers in use, utilization=53.1%]: \
             a[held back to allow another container to be exclusively-reserved]; 2 waiting, and 1 for exclusive use"
        );
    }

    /// P11.
    #[test]
    fn a_pool_that_nobody_has_used_says_so() {
        let snapshot = Snapshot { was_used: false, ..status(&[("a", MemberState::NeverUsed, None)]) };
        assert_eq!(PoolStatus::of(snapshot).to_string(), "ContainerPool[never used]");
    }
}
