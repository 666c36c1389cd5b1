//! Leftovers: what a session has left on the engine, found by its label, without the library under test.

use std::fmt;
use std::time::{Duration, Instant};

use anyhow::Result;
use seatrial_core::labels;
use serde_json::{Value, json};

use crate::Engine;

/// The longest time in which a resource that is being removed must be gone.
const GONE_WITHIN: Duration = Duration::from_secs(15);
/// The time between two looks at the engine. It has no event for "nothing is left".
const POLL: Duration = Duration::from_millis(100);

/// The resources that carry a session's label, each with what helps to recognise it; its reaper, which stays for a
/// while, is not one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Containers in every state: `<name> (<id>, <image>, <status>)`.
    pub containers: Vec<String>,
    /// Networks: `<name> (<id>)`.
    pub networks: Vec<String>,
    /// Volumes, by name.
    pub volumes: Vec<String>,
    /// Images: `<tags> (<id>)`.
    pub images: Vec<String>,
}

/// Waits until nothing of a session is left on the engine that the tests use.
///
/// # Panics
/// If something still is after 15 s, with a list; and if the engine does not answer.
#[track_caller]
pub fn assert_nothing_left(session: &str) {
    Leftovers::assert_none(&Engine::from_env(), session, GONE_WITHIN);
}

impl Leftovers {
    /// Lists what the engine has of a session now.
    ///
    /// # Errors
    /// If the engine does not answer.
    pub fn of_session(engine: &Engine, session: &str) -> Result<Self> {
        let filters =
            percent_encoded(&json!({ "label": [format!("{}={session}", labels::SESSION)] }).to_string());
        let list = |what: &str| engine.get(&format!("/{what}filters={filters}"));
        Ok(Self {
            containers: described(&of_users(list("containers/json?all=1&")?), |container| {
                let [id, image, status] = ["Id", "Image", "Status"].map(|key| text(&container[key]));
                format!("{} ({id:.12}, {image}, {status})", text(&container["Names"][0]).trim_matches('/'))
            }),
            networks: described(&list("networks?")?, |network| {
                format!("{} ({:.12})", text(&network["Name"]), text(&network["Id"]))
            }),
            volumes: described(&list("volumes?")?["Volumes"], |volume| text(&volume["Name"])),
            images: described(&list("images/json?all=1&")?, |image| {
                format!("{} ({:.19})", image["RepoTags"], text(&image["Id"]))
            }),
        })
    }

    /// Waits until nothing of a session is left, or the time is up.
    ///
    /// # Panics
    /// If something is left then, with a list; and if the engine does not answer.
    #[track_caller]
    pub fn assert_none(engine: &Engine, session: &str, within: Duration) {
        let start = Instant::now();
        loop {
            let left = Self::of_session(engine, session).expect("the engine lists what a session has left");
            if left.is_empty() {
                return;
            }
            assert!(start.elapsed() < within, "session `{session}` has left, after {within:?}:\n{left}");
            std::thread::sleep(POLL);
        }
    }

    /// Returns `true` if nothing is left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Leftovers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kinds = [
            ("container", &self.containers),
            ("network", &self.networks),
            ("volume", &self.volumes),
            ("image", &self.images),
        ];
        for (kind, left) in kinds {
            for one in left {
                writeln!(f, "  {kind} {one}")?;
            }
        }
        Ok(())
    }
}

/// Leaves out the containers that are reapers.
fn of_users(list: Value) -> Value {
    let containers = list.as_array().into_iter().flatten();
    containers.filter(|container| container["Labels"][labels::RYUK] != "true").cloned().collect()
}

/// Describes each item of a list in words. The engine writes an empty list as null.
fn described(list: &Value, describe: impl Fn(&Value) -> String) -> Vec<String> {
    list.as_array().into_iter().flatten().map(describe).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn percent_encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}
