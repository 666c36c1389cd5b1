//! The status of a pool at one moment, for people and for programs.

use std::fmt;

use seatrial_pool::{MemberState, Status};

/// The status of a pool at one moment.
///
/// `Display` prints `ContainerPool[never used]` before the first lease, then one line with every container:
/// `ContainerPool[2/4 containers in use, utilization=53.1%]: db-0[idle], db-1[reserved]: migrations, …`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PoolStatus {
    /// The containers in the pool, sorted by name.
    pub members: Vec<MemberStatus>,
    /// The number of calls of `get` that wait.
    pub waiting_shared: usize,
    /// The number of calls of `get_exclusive`, `lock_out` and `into_exclusive` that wait.
    pub waiting_exclusive: usize,
    /// The leased part of the containers' time since the first lease: in [0, 1].
    pub utilization: f64,
    /// `true` if a lease was ever granted.
    pub was_used: bool,
    /// `true` if the pool is closed.
    pub is_closed: bool,
}

/// The status of one container of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberStatus {
    /// The container's name.
    pub name: String,
    /// The container's state.
    pub state: MemberState,
    /// The label of the container's lease.
    pub label: Option<String>,
}

impl PoolStatus {
    /// Returns the status of a pool of containers; detached containers are left out.
    pub(super) fn of(status: Status) -> Self {
        let is_in = |state: MemberState| status.is_closed || state != MemberState::Shutdown;
        let members = status.members.iter().filter(|member| is_in(member.state));
        let mut members: Vec<_> = members
            .map(|member| MemberStatus {
                name: member.name.as_ref().to_owned(),
                state: member.state,
                label: member.label.as_deref().map(str::to_owned),
            })
            .collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        Self {
            members,
            waiting_shared: status.waiting_shared,
            waiting_exclusive: status.waiting_exclusive,
            utilization: status.utilization,
            was_used: status.was_used,
            is_closed: status.is_closed,
        }
    }

    /// Returns the status of a pool that is not made yet.
    pub(super) fn not_made() -> Self {
        Self {
            members: Vec::new(),
            waiting_shared: 0,
            waiting_exclusive: 0,
            utilization: 0.0,
            was_used: false,
            is_closed: false,
        }
    }

    /// Returns the number of leased containers.
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

    fn status(members: &[(&str, MemberState, Option<&str>)]) -> Status {
        let member = |(name, state, label): &(&str, MemberState, Option<&str>)| seatrial_pool::MemberStatus {
            name: Arc::from(*name),
            state: *state,
            label: label.map(Arc::from),
        };
        Status {
            members: members.iter().map(member).collect(),
            waiting_shared: 0,
            waiting_exclusive: 0,
            utilization: 0.5312,
            was_used: true,
            is_closed: false,
        }
    }

    /// P11: a pool prints as one line.
    #[test]
    fn a_pool_prints_its_containers_by_name_with_labels_and_the_queue() {
        let mixed = status(&[
            ("c", MemberState::Reserved, Some("migrations")),
            ("a", MemberState::NeverUsed, None),
            ("d", MemberState::Shutdown, None),
            ("b", MemberState::Exclusive, None),
        ]);
        let line = "ContainerPool[2/3 containers in use, utilization=53.1%]: a[never used], \
                    b[reserved in exclusive mode], c[reserved]: migrations";
        assert_eq!(PoolStatus::of(mixed).to_string(), line);
        let held_back = status(&[("a", MemberState::HeldBack, None)]);
        let held_back = Status { waiting_shared: 2, waiting_exclusive: 1, ..held_back };
        assert_eq!(
            PoolStatus::of(held_back).to_string(),
            "ContainerPool[0/1 containers in use, utilization=53.1%]: \
             a[held back to allow another container to be exclusively-reserved]; 2 waiting, and 1 for exclusive use"
        );
    }

    /// P11: before the first lease the line is short.
    #[test]
    fn an_unused_pool_prints_that_it_was_never_used() {
        let unused = Status { was_used: false, ..status(&[("a", MemberState::NeverUsed, None)]) };
        assert_eq!(PoolStatus::of(unused).to_string(), "ContainerPool[never used]");
    }
}
