//! Everything that the environment and `~/.testcontainers.properties` say, read once and checked.
//!
//! The environment wins over the file, and `SEATRIAL_*` over `TESTCONTAINERS_*`. It asks no engine anything, and what
//! a request says for itself wins over what is here.

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

/// What was configured from outside, with the defaults where nothing was.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) engine: EngineSettings,
    /// The session, if a variable names it.
    pub(crate) session: Option<Setting<SessionId>>,
    /// What cleans up after a killed process.
    pub(crate) reaper: ReaperSettings,
    /// The runtime of containers that do not choose one; `None` leaves it to the engine.
    pub(crate) runtime: Option<Setting<String>>,
    /// The runtime of containers that insist on the engine's own.
    pub(crate) native_runtime: Setting<String>,
    pub(crate) keep: Setting<Keep>,
    pub(crate) pull: Setting<PullPolicy>,
    /// Put before the names of Docker Hub's images.
    pub(crate) hub_prefix: Option<Setting<String>>,
    /// The content of `DOCKER_AUTH_CONFIG`.
    pub(crate) auth_config: Option<Setting<Hidden>>,
    /// How long a container may take to become ready.
    pub(crate) startup_timeout: Setting<Duration>,
    /// How long the engine may take to answer one request.
    pub(crate) request_timeout: Setting<Duration>,
    /// How many starts and removals may be under way at once.
    pub(crate) parallelism: Setting<NonZeroUsize>,
    /// How many starts may be under way at once on this machine, over all processes of this user.
    pub(crate) host_parallelism: Option<Setting<NonZeroUsize>>,
    /// How many containers a pool has that does not say.
    pub(crate) pool_size: Option<Setting<NonZeroUsize>>,
}

impl Config {
    /// Reads the environment of the process and the file in its home; nothing is cached here.
    ///
    /// # Errors
    /// A value that is none of those that are known, or a file that is there and cannot be read.
    pub(crate) fn from_env() -> Result<Self> {
        // What is not Unicode fits no variable's values: it is shown with marks and refused where it is checked.
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

    /// Names the engine in place of all that the environment says.
    ///
    /// # Errors
    /// If the text is no address of an engine.
    pub(crate) fn name_engine(&mut self, host: &str, source: &str) -> Result<()> {
        Endpoint::parse(host, self.engine.tls.as_ref())?;
        self.engine.host = Some(Setting::new(host.to_owned(), source));
        Ok(())
    }

    /// The same from an environment and properties that are given.
    ///
    /// # Errors
    /// A value that is none of those that are known: the message names the variable, the value, and what would be
    /// right.
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
        })
    }
}

/// More did not make anything faster on two cores, and engines have wedged under many more.
const PARALLELISM: NonZeroUsize = NonZeroUsize::new(8).expect("not zero");

/// What a variable that holds a duration should be.
pub(super) const DURATION: &str = "a duration above zero, as `90s` or `1m30s`";

pub(super) fn duration_above_zero(text: &str) -> Option<Duration> {
    duration::parse(text).ok().filter(|duration| !duration.is_zero())
}

fn count(reader: &Reader<'_>, variable: &str) -> Result<Option<Setting<NonZeroUsize>>> {
    reader.read(&[variable], &[], "a whole number above 0", |text| text.parse().ok())
}

fn timeout(reader: &Reader<'_>, variable: &str, default: Duration) -> Result<Setting<Duration>> {
    let read = reader.read(&[variable], &[], DURATION, duration_above_zero)?;
    Ok(read.unwrap_or_else(|| Setting::by_default(default)))
}

/// Reads the file of properties; that there is none is as good as an empty one.
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

/// What `XDG_RUNTIME_DIR` would say if a login had set it: services and CI jobs have none.
fn runtime_dir_of_user() -> Option<PathBuf> {
    let user = fs::metadata("/proc/self").ok()?.uid();
    Some(PathBuf::from(format!("/run/user/{user}"))).filter(|folder| folder.is_dir())
}

#[cfg(test)]
impl Config {
    /// What these variables and this file of properties, named `f`, say.
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
        ];
        let config = Config::of(&env, "hub.image.name.prefix=m.io/x").expect("valid");
        assert_eq!(config.runtime, Some(Setting::new("runsc".to_owned(), "`SEATRIAL_RUNTIME`")));
        assert_eq!(config.keep.value, Keep::OnFailure);
        assert_eq!(config.pull.value, PullPolicy::Never);
        assert_eq!(config.startup_timeout.value, Duration::from_secs(90));
        assert_eq!(config.parallelism.value.get(), 3);
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
            ("RYUK_RECONNECTION_TIMEOUT", "10", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_STARTUP_TIMEOUT", "90", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_STARTUP_TIMEOUT", "-1s", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_REQUEST_TIMEOUT", "0", "a duration above zero, as `90s` or `1m30s`"),
            ("SEATRIAL_PARALLELISM", "0", "a whole number above 0"),
            ("SEATRIAL_PARALLELISM", "many", "a whole number above 0"),
            ("SEATRIAL_HOST_PARALLELISM", "-1", "a whole number above 0"),
            ("SEATRIAL_POOL_SIZE", "0", "a whole number above 0"),
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
