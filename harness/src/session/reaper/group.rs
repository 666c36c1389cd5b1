//! The group of a session's processes that share one reaper, and the filter that they send it.

use seatrial_core::{SessionId, labels};

use super::rendezvous::Rendezvous;
use crate::config::{Config, Endpoint, ReaperChoice};

/// A part of a session: the processes that use the same reaper.
///
/// Processes of one session can have several reapers: a sidecar and one on the host, or two on hosts or in containers
/// that don't see each other's files. Each resource has the group of its creator as a label, and each filter asks for
/// it. So a reaper whose processes have all ended does not remove the resources of processes that still run and use
/// another reaper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::session) struct Group(String);

impl Group {
    /// Returns the group of this process.
    pub(super) fn of(choice: ReaperChoice, session: &SessionId, config: &Config, engine: &Endpoint) -> Self {
        Self(match choice {
            ReaperChoice::Sidecar => "sidecar".to_owned(),
            // Without a place to meet there is no reaper either, and nothing is created.
            ReaperChoice::Process => Rendezvous::of(session, engine, config.engine.runtime_dir.as_deref())
                .map_or_else(|_| "none".to_owned(), |place| format!("process-{}", place.digest())),
            ReaperChoice::Off => "none".to_owned(),
        })
    }

    /// Returns the label, as (key, value), of what a process of the group creates.
    pub(in crate::session) fn label(&self) -> (String, String) {
        (labels::REAPER.to_owned(), self.0.clone())
    }

    /// Returns the filter for the group's reaper. It names the session under both keys, so that neither alone, which
    /// somebody else may have set, is enough.
    pub(in crate::session) fn filter(&self, session: &SessionId) -> String {
        // Neither an id nor a group has a character that a form has to encode.
        let label = |key: &str, value: &str| format!("label={key}%3D{value}");
        [
            label(labels::TESTCONTAINERS_SESSION, session.as_str()),
            label(labels::SESSION, session.as_str()),
            label(labels::REAPER, &self.0),
        ]
        .join("&")
    }
}

#[cfg(test)]
mod tests {
    use seatrial_core::reaper::Filter;

    use super::*;

    #[test]
    fn the_filter_names_the_session_twice_and_the_group() {
        let session = SessionId::new("a.b-c_1").expect("an id");
        let filter = Group("process-0f".to_owned()).filter(&session);
        let filter = Filter::parse(filter.as_bytes()).expect("a filter");
        let labels: Vec<_> = filter.labels().collect();
        let expected = [
            "org.testcontainers.session-id=a.b-c_1",
            "seatrial.reaper=process-0f",
            "seatrial.session=a.b-c_1",
        ];
        assert_eq!(labels, expected);
    }

    /// X4: *pure*.
    #[test]
    fn processes_with_different_reapers_are_of_different_groups() {
        let (session, config) = (SessionId::new("s").expect("an id"), Config::of(&[], "").expect("valid"));
        let of = |choice, engine: &str| {
            Group::of(choice, &session, &config, &Endpoint::parse(engine, None).expect("an address"))
        };
        let engine = "tcp://one:2375";
        let process = of(ReaperChoice::Process, engine);
        assert_eq!(process, of(ReaperChoice::Process, engine));
        assert_ne!(process, of(ReaperChoice::Process, "tcp://two:2375"));
        assert_ne!(process, of(ReaperChoice::Sidecar, engine));
        assert_ne!(of(ReaperChoice::Off, engine), of(ReaperChoice::Sidecar, engine));
    }
}
