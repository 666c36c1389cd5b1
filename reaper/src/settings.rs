//! What the environment asks for: ryuk's variables with ryuk's defaults, and our own.

use std::path::PathBuf;
use std::time::Duration;

use seatrial_core::duration::{self, Signed};

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `RYUK_PORT`; 0 for any. Default: 8080, or 0 if there is a file that tells it.
    pub port: u16,
    /// `RYUK_CONNECTION_TIMEOUT`: how long the first client may take. Default: 60 s.
    pub connection_timeout: Duration,
    /// `RYUK_RECONNECTION_TIMEOUT`: how long a session's last client may be gone. Default: 10 s.
    pub reconnection_timeout: Duration,
    /// `RYUK_REQUEST_TIMEOUT`: how long the engine may take to answer. Default: 10 s.
    pub request_timeout: Duration,
    /// `RYUK_REMOVE_RETRIES`: so many passes in a row, and so many request timeouts, nothing may go. ryuk tries each
    /// resource so often, a second apart and each for at most a request timeout, so it gives up no later. Default: 10.
    pub remove_retries: u32,
    /// `RYUK_RETRY_OFFSET`: from a check to the moment after which what was created counts as a change. Default: -1 s.
    pub retry_offset: Signed,
    /// `RYUK_CHANGES_RETRY_INTERVAL`: how long after a change it is checked again. Default: 1 s.
    pub changes_interval: Duration,
    /// `RYUK_SHUTDOWN_TIMEOUT`: how long changes can postpone a prune, and how long a prune can last. Default: 10 min.
    pub shutdown_timeout: Duration,
    /// `RYUK_VERBOSE`. Default: no.
    pub verbose: bool,
    /// `DOCKER_HOST`. Default: `unix:///var/run/docker.sock`.
    pub docker_host: String,
    /// `DOCKER_CERT_PATH`, which asks for TLS to an engine behind TCP. Default: none, so plain.
    pub certificates: Option<Certificates>,
    /// `REAPER_ADDRESS_FILE`: listen on the loopback only, and tell where in this file. Default: none.
    pub address_file: Option<PathBuf>,
    /// `REAPER_TOKEN`: what a connection has to begin with. Default: nothing.
    pub token: Option<String>,
    /// `REAPER_REQUIRED_LABEL`: what each filter has to hold. Default: nothing.
    pub required_label: Option<String>,
    /// `REAPER_REPORT`: a file that the report is written to as well. Default: none.
    pub report: Option<PathBuf>,
    /// `REAPER_DRY_RUN`: list only. Default: no.
    pub dry_run: bool,
}

/// How to speak TLS to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificates {
    /// `DOCKER_CERT_PATH`: the folder with `ca.pem`, `cert.pem` and `key.pem`.
    pub folder: PathBuf,
    /// `DOCKER_TLS_VERIFY`: whether the engine's certificate must be the one of its host. As in Go's client of Docker,
    /// any text that is not empty says so, `0` and `false` too.
    pub verify: bool,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    /// A message for people, if a variable has a value that makes no sense.
    pub fn from_env() -> Result<Self, String> {
        Self::read(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
    }

    /// Reads variables from wherever they are; an empty one counts as unset.
    ///
    /// # Errors
    /// As [`from_env`](Self::from_env).
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let get = Variables(|name: &str| variable(name).filter(|value| !value.is_empty()));
        let address_file = get.text("REAPER_ADDRESS_FILE").map(PathBuf::from);
        Ok(Self {
            port: get.parsed("RYUK_PORT", if address_file.is_some() { 0 } else { 8080 })?,
            connection_timeout: get.wait("RYUK_CONNECTION_TIMEOUT", Duration::from_secs(60))?,
            reconnection_timeout: get.wait("RYUK_RECONNECTION_TIMEOUT", Duration::from_secs(10))?,
            request_timeout: get.wait("RYUK_REQUEST_TIMEOUT", Duration::from_secs(10))?,
            remove_retries: match get.parsed("RYUK_REMOVE_RETRIES", 10)? {
                0 => return Err("`RYUK_REMOVE_RETRIES` must be above zero".into()),
                retries => retries,
            },
            retry_offset: get.offset("RYUK_RETRY_OFFSET")?,
            changes_interval: get.wait("RYUK_CHANGES_RETRY_INTERVAL", Duration::from_secs(1))?,
            shutdown_timeout: get.wait("RYUK_SHUTDOWN_TIMEOUT", Duration::from_secs(600))?,
            verbose: get.flag("RYUK_VERBOSE")?,
            docker_host: get.text("DOCKER_HOST").unwrap_or_else(|| "unix:///var/run/docker.sock".into()),
            certificates: get.certificates(),
            address_file,
            token: match get.text("REAPER_TOKEN") {
                Some(token) if token.contains(['\r', '\n']) => {
                    return Err("`REAPER_TOKEN` has more than one line".into());
                }
                token => token,
            },
            required_label: get.text("REAPER_REQUIRED_LABEL"),
            report: get.text("REAPER_REPORT").map(PathBuf::from),
            dry_run: get.flag("REAPER_DRY_RUN")?,
        })
    }

    /// How long nothing may go before a prune gives up, at the least: what ryuk gives a single resource.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.request_timeout.saturating_mul(self.remove_retries).min(self.shutdown_timeout)
    }
}

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

    /// A time to wait, which is never zero.
    fn wait(&self, name: &str, default: Duration) -> Result<Duration, String> {
        let Some(text) = self.text(name) else { return Ok(default) };
        match duration::parse(&text) {
            Ok(Duration::ZERO) => Err(format!("`{name}` must be above zero")),
            Ok(wait) => Ok(wait),
            Err(error) => Err(format!("`{name}`: {error}")),
        }
    }

    fn offset(&self, name: &str) -> Result<Signed, String> {
        let default = Signed { below_zero: true, magnitude: Duration::from_secs(1) };
        let Some(text) = self.text(name) else { return Ok(default) };
        duration::parse_signed(&text).map_err(|error| format!("`{name}`: {error}"))
    }

    /// A yes or no, as Go reads it.
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
    fn without_variables_all_is_as_in_ryuk() {
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

    #[test]
    fn a_folder_of_certificates_asks_for_tls_and_any_text_for_verification() {
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
            ("RYUK_RECONNECTION_TIMEOUT", &["0s", "-1s", "1d"]),
            ("RYUK_REQUEST_TIMEOUT", &["0", "-1s", "x"]),
            ("RYUK_REMOVE_RETRIES", &["0", "-1", "many"]),
            ("RYUK_RETRY_OFFSET", &["now", "1"]),
            ("RYUK_CHANGES_RETRY_INTERVAL", &["0", "-1s", "x"]),
            ("RYUK_SHUTDOWN_TIMEOUT", &["0", "-1s", "x"]),
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
