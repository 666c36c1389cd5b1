//! The reaper's part of the configuration. Starting and using the reaper is up to the session.

use std::time::Duration;

use seatrial_core::duration::{self, Signed};

use super::config::{DURATION, duration_above_zero};
use super::{Reader, ReaperChoice, Setting};
use crate::words::Result;

/// The variable that sets how long a reaper waits for its clients to come back.
const RECONNECTION: &str = "RYUK_RECONNECTION_TIMEOUT";

/// The expected form of a time that may be zero, for messages.
const PAUSE: &str = "a duration, as `90s` or `0s`";

/// The settings of the reaper, which cleans up after a killed process.
#[derive(Clone, Debug)]
pub(crate) struct ReaperSettings {
    pub(crate) choice: Setting<ReaperChoice>,
    /// The sidecar's image. `None` means the one that belongs to this version.
    pub(crate) image: Option<Setting<String>>,
    pub(crate) privileged: bool,
    /// Environment variables to pass on to the reaper unchanged.
    pub(crate) variables: Vec<(&'static str, String)>,
}

impl ReaperSettings {
    pub(super) fn read(reader: &Reader<'_>) -> Result<Self> {
        let images = ["SEATRIAL_REAPER_IMAGE", "TESTCONTAINERS_RYUK_CONTAINER_IMAGE", "RYUK_CONTAINER_IMAGE"];
        let privileged = ["TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED", "TESTCONTAINERS_RYUK_PRIVILEGED"];
        let privileged = reader.flag(&privileged, &["ryuk.container.privileged"])?;
        Ok(Self {
            choice: choice(reader)?.unwrap_or_else(|| Setting::by_default(ReaperChoice::default())),
            image: reader.text(&images, &["ryuk.container.image"]),
            privileged: privileged.is_some_and(|privileged| privileged.value),
            variables: variables(reader)?,
        })
    }

    /// Returns the time that a reaper waits for clients to come back, if a variable or property sets it.
    pub(crate) fn reconnection(&self) -> Option<Duration> {
        let text = self.variables.iter().find(|(name, _)| *name == RECONNECTION).map(|(_, text)| text)?;
        pause(text)
    }
}

/// Parses a time that may be zero. Less than zero counts as zero, as in the reaper.
fn pause(text: &str) -> Option<Duration> {
    match duration::parse_signed(text).ok()? {
        Signed { below_zero: true, .. } => Some(Duration::ZERO),
        Signed { below_zero: false, magnitude } => Some(magnitude),
    }
}

/// Reads the kind of reaper. `SEATRIAL_REAPER` takes precedence over Testcontainers' spelling.
fn choice(reader: &Reader<'_>) -> Result<Option<Setting<ReaperChoice>>> {
    let ours = reader.read(&["SEATRIAL_REAPER"], &[], ReaperChoice::EXPECTED, ReaperChoice::parse)?;
    if ours.is_some() {
        return Ok(ours);
    }
    let disabled = reader.flag(&["TESTCONTAINERS_RYUK_DISABLED"], &["ryuk.disabled"])?;
    Ok(disabled.filter(|disabled| disabled.value).map(|disabled| disabled.map(|_| ReaperChoice::Off)))
}

/// Collects the variables to pass on. Durations stay as they were written, since the reaper parses the same format.
fn variables(reader: &Reader<'_>) -> Result<Vec<(&'static str, String)>> {
    let mut variables = Vec::new();
    let connection = |text: &str| duration_above_zero(text).map(|_| text.to_owned());
    let connection =
        reader.read(&["RYUK_CONNECTION_TIMEOUT"], &["ryuk.connection.timeout"], DURATION, connection)?;
    variables.extend(connection.map(|text| ("RYUK_CONNECTION_TIMEOUT", text.value)));
    let reconnection = |text: &str| pause(text).map(|_| text.to_owned());
    let reconnection = reader.read(&[RECONNECTION], &["ryuk.reconnection.timeout"], PAUSE, reconnection)?;
    variables.extend(reconnection.map(|text| (RECONNECTION, text.value)));
    let verbose = reader.flag(&["RYUK_VERBOSE"], &["ryuk.verbose"])?;
    variables.extend(verbose.map(|verbose| ("RYUK_VERBOSE", verbose.value.to_string())));
    Ok(variables)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn read(env: &[(&str, &str)], properties: &str) -> ReaperSettings {
        Config::of(env, properties).expect("valid").reaper
    }

    /// X8: `SEATRIAL_REAPER` takes precedence over `TESTCONTAINERS_RYUK_DISABLED`.
    #[test]
    fn our_word_wins_over_the_ecosystem_s() {
        for (env, file, expected) in [
            (&[][..], "", ReaperChoice::Sidecar),
            (&[("TESTCONTAINERS_RYUK_DISABLED", "true")], "", ReaperChoice::Off),
            (&[("TESTCONTAINERS_RYUK_DISABLED", "false")], "ryuk.disabled=true", ReaperChoice::Sidecar),
            (&[], "ryuk.disabled=true", ReaperChoice::Off),
            (
                &[("SEATRIAL_REAPER", "process"), ("TESTCONTAINERS_RYUK_DISABLED", "1")],
                "",
                ReaperChoice::Process,
            ),
        ] {
            assert_eq!(read(env, file).choice.value, expected, "{env:?} {file}");
        }
    }

    #[test]
    fn the_image_is_the_one_of_the_nearest_authority() {
        let all = [
            ("RYUK_CONTAINER_IMAGE", "c"),
            ("TESTCONTAINERS_RYUK_CONTAINER_IMAGE", "b"),
            ("SEATRIAL_REAPER_IMAGE", "a"),
        ];
        for (env, file, expected) in [
            (&all[..], "ryuk.container.image=d", Some("a")),
            (&all[..2], "", Some("b")),
            (&all[..1], "", Some("c")),
            (&[], "ryuk.container.image=d", Some("d")),
            (&[], "", None),
        ] {
            let image = read(env, file).image.map(|image| image.value);
            assert_eq!(image.as_deref(), expected, "{env:?} {file}");
        }
    }

    #[test]
    fn variables_of_the_reaper_are_passed_on() {
        let env = [("RYUK_CONNECTION_TIMEOUT", "1m30s"), ("RYUK_VERBOSE", "1")];
        let settings = read(&env, "ryuk.reconnection.timeout=.5s\nryuk.container.privileged=true");
        let expected = [
            ("RYUK_CONNECTION_TIMEOUT", "1m30s"),
            ("RYUK_RECONNECTION_TIMEOUT", ".5s"),
            ("RYUK_VERBOSE", "true"),
        ];
        assert_eq!(settings.variables, expected.map(|(name, value)| (name, value.to_owned())));
        assert!(settings.privileged);
        assert!(read(&[("TESTCONTAINERS_RYUK_PRIVILEGED", "true")], "").privileged);
        assert!(read(&[], "").variables.is_empty());
    }

    /// The reaper takes them too.
    #[test]
    fn a_time_to_come_back_of_zero_and_less_is_taken() {
        for value in ["0", "0s", "-1s", "-0"] {
            let settings = read(&[(RECONNECTION, value)], "");
            assert_eq!(settings.variables, [(RECONNECTION, value.to_owned())], "passed on as it is");
            assert_eq!(settings.reconnection(), Some(Duration::ZERO), "{value}");
        }
        for value in ["soon", "10", "1d"] {
            assert!(Config::of(&[(RECONNECTION, value)], "").is_err(), "{value}");
        }
    }
}
