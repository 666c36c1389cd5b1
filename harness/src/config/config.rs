//! The configuration from the environment and `~/.testcontainers.properties`, read once and validated.
//!
//! The environment takes precedence over the file, `SEATRIAL_*` over `TESTCONTAINERS_*`, and a request's own settings
//! over all of these. This module does not talk to the engine.

use std::fs;
use std::io;
use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatrial_core::{SessionId, duration};

use super::endpoint::Endpoint;
use super::{
    EngineSettings, Env, Hidden, Keep, Properties, PullPolicy, Reader, ReaperSettings, Setting, session_id,
};
use crate::words::{Error, Result};

/// The configuration, with a default for everything that is not set.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) engine: EngineSettings,
    /// The session id, if a variable sets it.
    pub(crate) session: Option<Setting<SessionId>>,
    /// The reaper's settings.
    pub(crate) reaper: ReaperSettings,
    /// The runtime for containers that do not choose one. `None` leaves the choice to the engine.
    pub(crate) runtime: Option<Setting<String>>,
    /// The runtime for containers that require the engine's native one.
    pub(crate) native_runtime: Setting<String>,
    pub(crate) keep: Setting<Keep>,
    pub(crate) pull: Setting<PullPolicy>,
    /// The prefix for the names of Docker Hub's images.
    pub(crate) hub_prefix: Option<Setting<String>>,
    /// The content of `DOCKER_AUTH_CONFIG`.
    pub(crate) auth_config: Option<Setting<Hidden>>,
    /// The time limit for a container to become ready.
    pub(crate) startup_timeout: Setting<Duration>,
    /// The time limit for the engine to answer one request.
    pub(crate) request_timeout: Setting<Duration>,
    /// The maximum number of concurrent starts and removals in this process.
    pub(crate) parallelism: Setting<NonZeroUsize>,
    /// The maximum number of concurrent starts on this machine, over all processes of this user.
    pub(crate) host_parallelism: Option<Setting<NonZeroUsize>>,
    /// The size of pools that do not set one.
    pub(crate) pool_size: Option<Setting<NonZeroUsize>>,
    /// The time after which a wait for a pool is reported; `None` if it is not.
    pub(crate) pool_slow_wait: Setting<Option<Duration>>,
}

impl Config {
    /// Reads the process's environment and the file in the home directory. The result is not cached here.
    ///
    /// # Errors
    /// Invalid, if a value is malformed, or if the file exists but can't be read.
    pub(crate) fn from_env() -> Result<Self> {
        // A value that is not Unicode is valid for no variable. It is converted lossily here and refused when it is
        // parsed.
        let env = |name: &str| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
        let properties = match env("HOME").filter(|home| !home.is_empty()) {
            Some(home) => load(&Path::new(&home).join(".testcontainers.properties"))?,
            None => Properties::default(),
        };
        let mut config = Self::new(&env, &properties)?;
        if config.engine.runtime_dir.is_none() {
            config.engine.runtime_dir = runtime_dir_of_user();
        }
        Ok(config)
    }

    /// Sets the engine's address, which overrides the environment's.
    ///
    /// # Errors
    /// Invalid, if `host` is not the address of an engine.
    pub(crate) fn name_engine(&mut self, host: &str, source: &str) -> Result<()> {
        Endpoint::parse(host, self.engine.tls.as_ref())?;
        self.engine.host = Some(Setting::new(host.to_owned(), source));
        Ok(())
    }

    /// Reads the given environment and properties.
    ///
    /// # Errors
    /// Invalid, if a value is malformed. The message names the variable, the value and what is expected.
    pub(crate) fn new(env: Env<'_>, properties: &Properties) -> Result<Self> {
        let reader = Reader::new(env, properties);
        Ok(Self {
            engine: EngineSettings::read(&reader)?,
            session: session_id::from_variables(&reader)?,
            reaper: ReaperSettings::read(&reader)?,
            runtime: reader.text(&["SEATRIAL_RUNTIME"], &[]),
            native_runtime: reader
                .text(&["SEATRIAL_NATIVE_RUNTIME"], &[])
                .unwrap_or_else(|| Setting::by_default("runc".to_owned())),
            keep: reader
                .read(&["SEATRIAL_KEEP"], &[], Keep::EXPECTED, Keep::parse)?
                .unwrap_or_else(|| Setting::by_default(Keep::default())),
            pull: reader
                .read(&["SEATRIAL_PULL"], &[], PullPolicy::EXPECTED, PullPolicy::parse)?
                .unwrap_or_else(|| Setting::by_default(PullPolicy::default())),
            hub_prefix: reader.text(&["TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"], &["hub.image.name.prefix"]),
            auth_config: reader
                .text(&["DOCKER_AUTH_CONFIG"], &["docker.auth.config"])
                .map(|setting| setting.map(Hidden::new)),
            startup_timeout: timeout(&reader, "SEATRIAL_STARTUP_TIMEOUT", Duration::from_secs(60))?,
            request_timeout: timeout(&reader, "SEATRIAL_REQUEST_TIMEOUT", Duration::from_secs(30))?,
            parallelism: count(&reader, "SEATRIAL_PARALLELISM")?
                .unwrap_or_else(|| Setting::by_default(PARALLELISM)),
            host_parallelism: count(&reader, "SEATRIAL_HOST_PARALLELISM")?,
            pool_size: count(&reader, "SEATRIAL_POOL_SIZE")?,
            pool_slow_wait: reader
                .read(&["SEATRIAL_POOL_SLOW_WAIT"], &[], DURATION_OR_OFF, duration_or_off)?
                .unwrap_or_else(|| Setting::by_default(Some(POOL_SLOW_WAIT))),
        })
    }
}

/// The default: on two cores more was not faster, and engines have hung under many more.
const PARALLELISM: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// The time after which a wait for a pool is reported by default.
const POOL_SLOW_WAIT: Duration = Duration::from_secs(30);

/// The expected form of a duration that can be switched off, for messages.
const DURATION_OR_OFF: &str = "a duration above zero, as `90s` or `1m30s`, or `off`";

/// The expected form of a duration, for messages.
pub(super) const DURATION: &str = "a duration above zero, as `90s` or `1m30s`";

pub(super) fn duration_above_zero(text: &str) -> Option<Duration> {
    duration::parse(text).ok().filter(|duration| !duration.is_zero())
}

/// Parses a duration, or `off` as `None`.
fn duration_or_off(text: &str) -> Option<Option<Duration>> {
    if text == "off" { Some(None) } else { duration_above_zero(text).map(Some) }
}

fn count(reader: &Reader<'_>, variable: &str) -> Result<Option<Setting<NonZeroUsize>>> {
    reader.read(&[variable], &[], "a whole number above 0", |text| text.parse().ok())
}

fn timeout(reader: &Reader<'_>, variable: &str, default: Duration) -> Result<Setting<Duration>> {
    let read = reader.read(&[variable], &[], DURATION, duration_above_zero)?;
    Ok(read.unwrap_or_else(|| Setting::by_default(default)))
}

/// Reads the properties file. A missing file counts as an empty one.
fn load(file: &Path) -> Result<Properties> {
    match fs::read(file) {
        Ok(content) => Properties::parse(&content, file.display().to_string()).map_err(Error::invalid),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Properties::default())
        }
        Err(error) => Err(Error::invalid(format!("`{}` can't be read: {}", file.display(), error.kind()))
            .with_source(error)),
    }
}

/// Returns the user's directory below `/run/user`, since services and CI jobs lack the `XDG_RUNTIME_DIR` that a login
/// sets.
fn runtime_dir_of_user() -> Option<PathBuf> {
    let user = fs::metadata("/proc/self").ok()?.uid();
    Some(PathBuf::from(format!("/run/user/{user}"))).filter(|folder| folder.is_dir())
}

#[cfg(test)]
impl Config {
    /// Creates the configuration of these variables and of a properties file with this content, named `f`.
    pub(crate) fn of(env: &[(&str, &str)], properties: &str) -> Result<Self> {
        let lookup =
            |name: &str| env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Self::new(&lookup, &Properties::parse(properties.as_bytes(), "f").expect("well-formed"))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn an_empty_environment_gives_the_defaults() {
        let config = Config::of(&[], "").expect("valid");
        assert_eq!(config.native_runtime.value, "runc");
        assert_eq!(config.keep, Setting::by_default(Keep::Never));
        assert_eq!(config.pull.value, PullPolicy::Missing);
        assert_eq!(config.startup_timeout.value, Duration::from_secs(60));
        assert_eq!(config.request_timeout.value, Duration::from_secs(30));
        assert_eq!(config.parallelism.value.get(), 8);
        assert_eq!(config.pool_slow_wait.value, Some(Duration::from_secs(30)));
        assert!(config.session.is_none() && config.runtime.is_none() && config.hub_prefix.is_none());
    }

    #[test]
    fn values_are_read_with_their_sources() {
        let env = [
            ("SEATRIAL_RUNTIME", "runsc"),
            ("SEATRIAL_KEEP", "on-failure"),
            ("SEATRIAL_PULL", "never"),
            ("SEATRIAL_STARTUP_TIMEOUT", "1m30s"),
            ("SEATRIAL_PARALLELISM", "3"),
            ("SEATRIAL_POOL_SLOW_WAIT", "off"),
        ];
        let config = Config::of(&env, "hub.image.name.prefix=m.io/x").expect("valid");
        assert_eq!(config.runtime, Some(Setting::new("runsc".to_owned(), "`SEATRIAL_RUNTIME`")));
        assert_eq!(config.keep.value, Keep::OnFailure);
        assert_eq!(config.pull.value, PullPolicy::Never);
        assert_eq!(config.startup_timeout.value, Duration::from_secs(90));
        assert_eq!(config.parallelism.value.get(), 3);
        assert_eq!(config.pool_slow_wait.value, None);
        let prefix = config.hub_prefix.expect("set");
        assert_eq!(prefix, Setting::new("m.io/x".to_owned(), "`hub.image.name.prefix` in `f`"));
    }

    #[test]
    fn a_bad_value_is_refused_with_variable_value_and_what_would_be_right() {
        for (variable, value, expected) in [
            ("SEATRIAL_KEEP", "sometimes", "`always`, `on-failure` or `never`"),
            ("SEATRIAL_PULL", "if-missing", "`missing`, `always` or `never`"),
            ("SEATRIAL_REAPER", "on", "`sidecar`, `process` or `off`"),
            ("TESTCONTAINERS_RYUK_DISABLED", "sure", "`true` or `false`"),
            ("RYUK_RECONNECTION_TIMEOUT", "10", "a duration, as `90s` or `0s`"),
            ("RYUK_CONNECTION_TIMEOUT", "0s", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_STARTUP_TIMEOUT", "90", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_STARTUP_TIMEOUT", "-1s", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_REQUEST_TIMEOUT", "0", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_PARALLELISM", "0", "a whole number above 0"),
            ("SEATRIAL_PARALLELISM", "many", "a whole number above 0"),
            ("SEATRIAL_HOST_PARALLELISM", "-1", "a whole number above 0"),
            ("SEATRIAL_POOL_SIZE", "0", "a whole number above 0"),
            ("SEATRIAL_POOL_SLOW_WAIT", "never", "a duration above zero, as `90s` or `1m30s`, or `off`"),
        ] {
            let error = Config::of(&[(variable, value)], "").expect_err(value);
            assert!(error.is_invalid());
            assert_eq!(error.to_string(), format!("`{variable}` is `{value}`, but should be {expected}"));
        }
    }

    #[test]
    fn the_credentials_are_not_printed() {
        let config = Config::of(&[("DOCKER_AUTH_CONFIG", "hunter2")], "").expect("valid");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.auth_config.expect("set").value.reveal(), "hunter2");
    }

    #[test]
    fn each_variable_of_the_table_is_read() {
        let asked = RefCell::new(Vec::new());
        let lookup = |name: &str| {
            asked.borrow_mut().push(name.to_owned());
            None
        };
        Config::new(&lookup, &Properties::default()).expect("the defaults");
        for (variable, _) in crate::config::VARIABLES {
            assert!(asked.borrow().iter().any(|name| name == variable), "`{variable}` is not read");
        }
    }

    #[test]
    fn a_file_that_is_not_there_is_empty_and_one_that_cannot_be_read_is_an_error() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(load(&folder.path().join("none")).expect("empty"), Properties::default());
        let error = load(folder.path()).expect_err("a folder is no file").to_string();
        assert!(error.starts_with(&format!("`{}` can't be read", folder.path().display())), "{error}");
        fs::write(folder.path().join("file"), "docker.host=tcp://a:1").expect("written");
        let properties = load(&folder.path().join("file")).expect("readable");
        assert_eq!(properties.get("docker.host"), Some("tcp://a:1"));
    }
}
