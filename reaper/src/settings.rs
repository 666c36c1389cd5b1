//! The settings: ryuk's variables with ryuk's defaults, and this reaper's own.

use std::path::PathBuf;
use std::time::Duration;

use seatrial_core::duration::{self, Signed};

/// The default of `RYUK_SHUTDOWN_TIMEOUT`.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(600);
/// The shortest pause between two checks for changes: each lists everything on the engine.
const MIN_CHANGES_INTERVAL: Duration = Duration::from_millis(10);

/// All settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `RYUK_PORT`; 0 for any free port. Default: 8080, or 0 with an address file.
    pub port: u16,
    /// `RYUK_CONNECTION_TIMEOUT`: the longest wait for the first client. Default: 60 s.
    pub connection_timeout: Duration,
    /// `RYUK_RECONNECTION_TIMEOUT`: the time after which a filter without clients is pruned. Default: 10 s.
    pub reconnection_timeout: Duration,
    /// `RYUK_REQUEST_TIMEOUT`: the longest wait for an answer of the engine. Default: 10 s.
    pub request_timeout: Duration,
    /// `RYUK_REMOVE_RETRIES`: the number of passes in a row without progress after which a prune may give up; see
    /// [`patience`](Self::patience). Default: 10.
    pub remove_retries: u32,
    /// `RYUK_RETRY_OFFSET`: a resource counts as a change if it was created after the time of the check plus this.
    /// Default: -1 s.
    pub retry_offset: Signed,
    /// `RYUK_CHANGES_RETRY_INTERVAL`: the pause after a change before the next check. Default: 1 s.
    pub changes_interval: Duration,
    /// `RYUK_SHUTDOWN_TIMEOUT`: the longest time for which changes can postpone a prune; zero for not at all. Default:
    /// 10 min.
    pub shutdown_timeout: Duration,
    /// `RYUK_VERBOSE`: log each removal. Default: false.
    pub verbose: bool,
    /// `DOCKER_HOST`: the engine's address. Default: `unix:///var/run/docker.sock`.
    pub docker_host: String,
    /// `DOCKER_CERT_PATH`, which asks for TLS to an engine behind TCP. Default: none, and no TLS.
    pub certificates: Option<Certificates>,
    /// `REAPER_ADDRESS_FILE`: listen on 127.0.0.1 only, and write the address into this file. Default: none.
    pub address_file: Option<PathBuf>,
    /// `REAPER_TOKEN`: the token that the first line of a connection has to contain. Default: none.
    pub token: Option<String>,
    /// `REAPER_REQUIRED_LABEL`: the label that each filter has to contain. Default: none.
    pub required_label: Option<String>,
    /// `REAPER_REPORT`: a file for the report, which is also written to stdout. Default: none.
    pub report: Option<PathBuf>,
    /// `REAPER_DRY_RUN`: list only, and remove nothing. Default: false.
    pub dry_run: bool,
}

/// The certificates for TLS to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// `DOCKER_CERT_PATH`: the folder with `ca.pem`, `cert.pem` and `key.pem`.
    pub folder: PathBuf,
    /// `DOCKER_TLS_VERIFY`: check that the engine's certificate is valid for its host. As in Docker's client for Go,
    /// every text that is not empty turns it on, `0` and `false` too.
    pub verify: bool,
}

impl Settings {
    /// Reads the settings from the environment.
    ///
    /// # Errors
    /// A variable has an invalid value; the message names it.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads the settings from a function that returns a variable's value. An empty variable counts as unset.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = Variables(|name: &str| variable(name).filter(|value| !value.is_empty()));
        let address_file = get.text("REAPER_ADDRESS_FILE").map(PathBuf::from);
        Ok(Self {
            port: get.parsed("RYUK_PORT", if address_file.is_some() { 0 } else { 8080 })?,
            connection_timeout: get.wait("RYUK_CONNECTION_TIMEOUT", Duration::from_secs(60))?,
            reconnection_timeout: get.pause("RYUK_RECONNECTION_TIMEOUT", Duration::from_secs(10))?,
            request_timeout: get.wait("RYUK_REQUEST_TIMEOUT", Duration::from_secs(10))?,
            remove_retries: get.parsed("RYUK_REMOVE_RETRIES", 10_i32)?.max(1).unsigned_abs(),
            retry_offset: get.offset("RYUK_RETRY_OFFSET")?,
            changes_interval: get
                .pause("RYUK_CHANGES_RETRY_INTERVAL", Duration::from_secs(1))?
                .max(MIN_CHANGES_INTERVAL),
            shutdown_timeout: get.pause("RYUK_SHUTDOWN_TIMEOUT", SHUTDOWN_TIMEOUT)?,
            verbose: get.flag("RYUK_VERBOSE")?,
            docker_host: get.text("DOCKER_HOST").unwrap_or_else(|| "unix:///var/run/docker.sock".into()),
            certificates: get.certificates(),
            address_file,
            token: match get.text("REAPER_TOKEN") {
                Some(token) if token.contains(['\r', '\n']) => {
                    return Err("`REAPER_TOKEN` has more than one line; write it in one".into());
                }
                token => token,
            },
            required_label: get.text("REAPER_REQUIRED_LABEL"),
            report: get.text("REAPER_REPORT").map(PathBuf::from),
            dry_run: get.flag("REAPER_DRY_RUN")?,
        })
    }

    /// Returns the time without progress after which a prune may give up: the time that ryuk gives a single resource.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.request_timeout.saturating_mul(self.remove_retries).min(self.prune_timeout())
    }

    /// Returns the longest time that a prune may take: the shutdown timeout, or its default if that is zero.
    #[must_use]
    pub fn prune_timeout(&self) -> Duration {
        if self.shutdown_timeout.is_zero() { SHUTDOWN_TIMEOUT } else { self.shutdown_timeout }
    }
}

/// A source of variables.
struct Variables<F>(F);

impl<F: Fn(&str) -> Option<String>> Variables<F> {
    fn text(&self, name: &str) -> Option<String> {
        (self.0)(name)
    }

    fn certificates(&self) -> Option<Certificates> {
        let folder = self.text("DOCKER_CERT_PATH")?.into();
        Some(Certificates { folder, verify: self.text("DOCKER_TLS_VERIFY").is_some() })
    }

    fn parsed<T: std::str::FromStr<Err = std::num::ParseIntError>>(
        &self,
        name: &str,
        default: T,
    ) -> Result<T, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        text.parse().map_err(|error| format!("`{name}` is `{}`: {error}", text.escape_debug()))
    }

    /// Reads a time to wait. Zero and less are refused: ryuk too ends at once with such a value.
    fn wait(&self, name: &str, default: Duration) -> Result<Duration, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match duration::parse(&text) {
            Ok(Duration::ZERO) => Err(format!("`{name}` is `{text}`; it has to be above zero")),
            Ok(wait) => Ok(wait),
            Err(error) => Err(format!("`{name}`: {error}")),
        }
    }

    /// Reads a time to wait that may be zero. Less than zero counts as zero, as in ryuk.
    fn pause(&self, name: &str, default: Duration) -> Result<Duration, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match duration::parse_signed(&text) {
            Ok(Signed { below_zero: true, .. }) => Ok(Duration::ZERO),
            Ok(Signed { below_zero: false, magnitude }) => Ok(magnitude),
            Err(error) => Err(format!("`{name}`: {error}")),
        }
    }

    fn offset(&self, name: &str) -> Result<Signed, String> {
        let default = Signed { below_zero: true, magnitude: Duration::from_secs(1) };
        let Some(text) = self.text(name) else { return Ok(default) };
        duration::parse_signed(&text).map_err(|error| format!("`{name}`: {error}"))
    }

    /// Reads a boolean, as Go does.
    fn flag(&self, name: &str) -> Result<bool, String> {
        match self.text(name).as_deref() {
            None | Some("0" | "f" | "F" | "false" | "FALSE" | "False") => Ok(false),
            Some("1" | "t" | "T" | "true" | "TRUE" | "True") => Ok(true),
            Some(other) => Err(format!("`{name}` is `{}`; write `true` or `false`", other.escape_debug())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &str, value: &str) -> Result<Settings, String> {
        Settings::read(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn the_defaults_are_those_of_ryuk() {
        for settings in [Settings::read(|_| None), Settings::read(|_| Some(String::new()))] {
            let settings = settings.expect("defaults");
            let seconds = [
                settings.connection_timeout,
                settings.reconnection_timeout,
                settings.request_timeout,
                settings.changes_interval,
                settings.shutdown_timeout,
            ]
            .map(|time| time.as_secs());
            assert_eq!(seconds, [60, 10, 10, 1, 600]);
            assert_eq!((settings.port, settings.remove_retries, settings.verbose), (8080, 10, false));
            assert!(settings.retry_offset.below_zero);
            assert_eq!(settings.docker_host, "unix:///var/run/docker.sock");
            assert!(settings.address_file.is_none());
            assert!(settings.token.is_none() && settings.required_label.is_none() && !settings.dry_run);
        }
    }

    #[test]
    fn good_values_are_taken() {
        assert_eq!(with("RYUK_PORT", "0").map(|s| s.port), Ok(0));
        assert_eq!(with("REAPER_ADDRESS_FILE", "/a").map(|s| s.port), Ok(0), "the file tells it");
        assert_eq!(with("RYUK_CONNECTION_TIMEOUT", "1m30s").map(|s| s.connection_timeout.as_secs()), Ok(90));
        assert_eq!(
            with("RYUK_RECONNECTION_TIMEOUT", ".5s").map(|s| s.reconnection_timeout.as_millis()),
            Ok(500)
        );
        assert_eq!(with("RYUK_RETRY_OFFSET", "2s").map(|s| s.retry_offset.below_zero), Ok(false));
        for (text, expected) in [("t", true), ("TRUE", true), ("1", true), ("False", false), ("0", false)] {
            assert_eq!(with("RYUK_VERBOSE", text).map(|s| s.verbose), Ok(expected));
        }
    }

    /// ryuk starts with such values too.
    #[test]
    fn pauses_and_retries_of_zero_and_less_are_taken() {
        for value in ["0", "0s", "-1s"] {
            assert_eq!(
                with("RYUK_RECONNECTION_TIMEOUT", value).map(|s| s.reconnection_timeout),
                Ok(Duration::ZERO)
            );
            let interval = with("RYUK_CHANGES_RETRY_INTERVAL", value).map(|s| s.changes_interval);
            assert_eq!(interval, Ok(MIN_CHANGES_INTERVAL), "the engine is not asked without a pause");
            let settings = with("RYUK_SHUTDOWN_TIMEOUT", value).expect("taken");
            assert_eq!(settings.shutdown_timeout, Duration::ZERO);
            assert_eq!(settings.prune_timeout(), SHUTDOWN_TIMEOUT, "there is time to remove something");
        }
        for value in ["0", "-1", "1"] {
            let settings = with("RYUK_REMOVE_RETRIES", value).expect("taken");
            assert_eq!((settings.remove_retries, settings.patience()), (1, Duration::from_secs(10)));
        }
    }

    #[test]
    fn a_folder_of_certificates_turns_tls_on_and_any_text_verification() {
        let of = |verify: &str| {
            let settings = Settings::read(|asked| match asked {
                "DOCKER_CERT_PATH" => Some("/c".to_owned()),
                "DOCKER_TLS_VERIFY" => Some(verify.to_owned()),
                _ => None,
            });
            settings.expect("good").certificates.expect("TLS")
        };
        for (text, verify) in [("", false), ("1", true), ("0", true), ("false", true)] {
            assert_eq!(of(text), Certificates { folder: "/c".into(), verify }, "`{text}`");
        }
        assert_eq!(with("DOCKER_TLS_VERIFY", "").map(|s| s.certificates), Ok(None));
    }

    #[test]
    fn bad_values_are_refused_by_their_variables_name() {
        for (name, values) in [
            ("RYUK_PORT", ["-1", "65536", "http"].as_slice()),
            ("RYUK_CONNECTION_TIMEOUT", &["0", "-1s", "10", "soon"]),
            ("RYUK_RECONNECTION_TIMEOUT", &["10", "soon", "1d"]),
            ("RYUK_REQUEST_TIMEOUT", &["0", "-1s", "x"]),
            ("RYUK_REMOVE_RETRIES", &["1.5", "many"]),
            ("RYUK_RETRY_OFFSET", &["now", "1"]),
            ("RYUK_CHANGES_RETRY_INTERVAL", &["1", "x"]),
            ("RYUK_SHUTDOWN_TIMEOUT", &["1", "x"]),
            ("RYUK_VERBOSE", &["yes", "tRUE", "2"]),
            ("REAPER_DRY_RUN", &["yes"]),
            ("REAPER_TOKEN", &["a\nb"]),
        ] {
            for value in values {
                let error = with(name, value).expect_err(name);
                assert!(error.contains(name), "{error}");
            }
        }
    }
}
