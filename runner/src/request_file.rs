//! A container request as a TOML file. `docs/runner.md` lists the keys; an unknown one is refused by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatrial::{ContainerRequest, CopyIn, WaitFor, pull::PullPolicy};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};

use crate::bytes::parse_size;
use crate::error::{Error, Result};

/// A container request that was read from a TOML file.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct RequestFile {
    image: Option<String>,
    own_command: bool,
    cmd: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    name: Option<String>,
    env: BTreeMap<String, String>,
    #[serde(alias = "workdir")]
    working_dir: Option<String>,
    user: Option<String>,
    hostname: Option<String>,
    labels: BTreeMap<String, String>,
    platform: Option<String>,
    runtime: Option<String>,
    pull: Option<Pull>,
    init: bool,
    memory: Option<Size>,
    memory_swap: Option<Size>,
    cpus: Option<f64>,
    cpuset: Option<String>,
    pids_limit: Option<u32>,
    shm_size: Option<Size>,
    ulimits: BTreeMap<String, i64>,
    network: Option<String>,
    extra_hosts: BTreeMap<String, String>,
    dns: Vec<String>,
    privileged: bool,
    cap_add: Vec<String>,
    cap_drop: Vec<String>,
    security_opt: Vec<String>,
    sysctls: BTreeMap<String, String>,
    devices: BTreeMap<String, String>,
    read_only_root: bool,
    tmpfs: BTreeMap<String, String>,
    mounts: Vec<Mount>,
    copy: Vec<Copy>,
    wait: Option<Wait>,
    startup_timeout: Option<Time>,
    /// The folder of the file, at which relative paths begin.
    #[serde(skip)]
    folder: PathBuf,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Pull {
    Missing,
    Always,
    Never,
}

/// A directory or volume that is mounted.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Mount {
    target: String,
    bind: Option<String>,
    volume: Option<String>,
    #[serde(default)]
    read_only: bool,
}

/// A file or directory of this machine that is copied in before the start.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Copy {
    from: PathBuf,
    to: String,
}

/// The condition for which a start waits.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Wait {
    Log(String),
    Regex(String),
    Port(u16),
    Exec(Vec<String>),
    File(String),
    Healthy(bool),
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Size(u64);

#[derive(Clone, Copy, Debug, PartialEq)]
struct Time(Duration);

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(from)? {
            toml::Value::Integer(bytes) => u64::try_from(bytes).map(Self).map_err(D::Error::custom),
            toml::Value::String(text) => parse_size(&text).map(Self).map_err(D::Error::custom),
            other => Err(D::Error::custom(format!("{} is no size; `\"512m\"` is one", other.type_str()))),
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        seatrial_core::duration::parse(&text).map(Self).map_err(D::Error::custom)
    }
}

impl RequestFile {
    /// Reads a file. Relative paths in it begin at the file's folder.
    ///
    /// # Errors
    /// Invalid, with the line, if the file can't be read, or has an unknown key or a bad value.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display();
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::invalid(format!("the request file `{shown}` can't be read")).with_source(error)
        })?;
        let mut file = Self::parse(text.strip_prefix('\u{feff}').unwrap_or(&text))
            .map_err(|error| Error::invalid(format!("the request file `{shown}` is not valid:\n{error}")))?;
        file.folder = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(file)
    }

    fn parse(text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())
    }

    /// Sets the image, in place of the file's.
    #[must_use]
    pub fn with_image(mut self, image: impl Into<String>) -> Self {
        self.image = Some(image.into());
        self
    }

    /// Lets the image's own command keep the container running.
    #[must_use]
    pub fn with_own_command(mut self) -> Self {
        self.own_command = true;
        self
    }

    /// Adds a variable to the container's environment.
    #[must_use]
    pub fn with_env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Copies a file or directory of this machine into the container before it starts.
    #[must_use]
    pub fn with_copy(mut self, from: impl AsRef<Path>, to: impl Into<String>) -> Self {
        let from = std::path::absolute(from.as_ref()).unwrap_or_else(|_| from.as_ref().to_owned());
        self.copy.push(Copy { from, to: to.into() });
        self
    }

    /// Returns the image, if one is named.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.image.as_deref()
    }

    /// Creates the container request. Unless the file names a command, the container exists for its cases, and runs until
    /// it is removed.
    ///
    /// # Errors
    /// Invalid, if no image is named, or if a mount contradicts itself.
    pub fn request(&self) -> Result<ContainerRequest> {
        let image = self.image.clone().ok_or_else(|| {
            Error::invalid("no image is named: give one with `--image`, or as `image` in the request file")
        })?;
        let request = self.limits(self.basics(ContainerRequest::new(image)));
        let request = self.files(self.rights(request))?;
        let request = match &self.wait {
            None | Some(Wait::Healthy(false)) => request,
            Some(Wait::Log(text)) => request.wait_for(WaitFor::log(text)),
            Some(Wait::Regex(regex)) => request.wait_for(WaitFor::regex(regex)),
            Some(Wait::Port(port)) => request.wait_for(WaitFor::port(*port)),
            Some(Wait::Exec(cmd)) => request.wait_for(WaitFor::exec(cmd)),
            Some(Wait::File(path)) => request.wait_for(WaitFor::file(path)),
            Some(Wait::Healthy(true)) => request.wait_for(WaitFor::healthy()),
        };
        Ok(match self.startup_timeout {
            Some(Time(timeout)) => request.startup_timeout(timeout),
            None => request,
        })
    }

    fn basics(&self, mut request: ContainerRequest) -> ContainerRequest {
        let keeps_running = self.own_command || self.cmd.is_some() || self.entrypoint.is_some();
        if !keeps_running {
            request = request.for_cases();
        }
        request = given(request, &self.entrypoint, ContainerRequest::entrypoint);
        request = given(request, &self.cmd, ContainerRequest::cmd);
        request = given(request, &self.name, ContainerRequest::name);
        request = given(request, &self.working_dir, ContainerRequest::working_dir);
        request = given(request, &self.user, ContainerRequest::user);
        request = given(request, &self.hostname, ContainerRequest::hostname);
        request = given(request, &self.platform, ContainerRequest::platform);
        request = given(request, &self.runtime, ContainerRequest::runtime);
        request = self.env.iter().fold(request, |request, (name, value)| request.env(name, value));
        request = self.labels.iter().fold(request, |request, (key, value)| request.label(key, value));
        request = match self.pull {
            None => request,
            Some(Pull::Missing) => request.pull(PullPolicy::Missing),
            Some(Pull::Always) => request.pull(PullPolicy::Always),
            Some(Pull::Never) => request.pull(PullPolicy::Never),
        };
        if self.init { request.init() } else { request }
    }

    fn limits(&self, mut request: ContainerRequest) -> ContainerRequest {
        let bytes = |size: &Option<Size>| size.map(|size| size.0);
        request = given(request, &bytes(&self.memory), ContainerRequest::memory);
        request = given(request, &bytes(&self.memory_swap), ContainerRequest::memory_swap);
        request = given(request, &bytes(&self.shm_size), ContainerRequest::shm_size);
        request = given(request, &self.cpuset, ContainerRequest::cpuset);
        request = given(request, &self.pids_limit, ContainerRequest::pids_limit);
        if let Some(cpus) = self.cpus {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "it saturates, and the engine refuses what no machine has"
            )]
            let milli = (cpus * 1000.0).round() as u32;
            request = request.milli_cpus(milli);
        }
        self.ulimits.iter().fold(request, |request, (name, most)| request.ulimit(name, *most, *most))
    }

    fn rights(&self, mut request: ContainerRequest) -> ContainerRequest {
        request = given(request, &self.network, ContainerRequest::network_mode);
        request = self.extra_hosts.iter().fold(request, |request, (name, ip)| request.extra_host(name, ip));
        request = self.dns.iter().fold(request, ContainerRequest::dns);
        request = self.cap_add.iter().fold(request, ContainerRequest::cap_add);
        request = self.cap_drop.iter().fold(request, ContainerRequest::cap_drop);
        request = self.security_opt.iter().fold(request, ContainerRequest::security_opt);
        request = self.sysctls.iter().fold(request, |request, (key, value)| request.sysctl(key, value));
        request = self.devices.iter().fold(request, |request, (host, inside)| request.device(host, inside));
        if self.privileged { request.privileged() } else { request }
    }

    fn files(&self, mut request: ContainerRequest) -> Result<ContainerRequest> {
        for mount in &self.mounts {
            let Mount { target, bind, volume, read_only } = mount;
            request = match (bind, volume, read_only) {
                (Some(host), None, true) => request.bind_read_only(self.absolute(host), target),
                (Some(host), None, false) => request.bind(self.absolute(host), target),
                (None, Some(volume), false) => request.volume(volume, target),
                (None, None, false) => request.anonymous_volume(target),
                (None, _, true) => {
                    return Err(Error::invalid(format!(
                        "the mount at `{target}`: only a `bind` can be read-only"
                    )));
                }
                (Some(_), Some(_), _) => {
                    return Err(Error::invalid(format!(
                        "the mount at `{target}` is a `bind` or a `volume`, not both"
                    )));
                }
            };
        }
        for copy in &self.copy {
            request = request.copy_in(copy_in(&self.folder.join(&copy.from), &copy.to));
        }
        request = self.tmpfs.iter().fold(request, |request, (path, options)| request.tmpfs(path, options));
        Ok(if self.read_only_root { request.read_only_root() } else { request })
    }

    /// Returns an absolute path of the engine's machine; a relative one begins at the folder of the file.
    fn absolute(&self, host: &str) -> String {
        let path = self.folder.join(host);
        std::path::absolute(&path).unwrap_or(path).display().to_string()
    }
}

/// Creates the copy of a file or directory of this machine to a path in the container.
fn copy_in(from: &Path, to: &str) -> CopyIn {
    if from.is_dir() { CopyIn::dir(from, to) } else { CopyIn::file(from, to) }
}

/// Calls a setter of the request, if there is a value for it.
fn given<T: Clone>(
    request: ContainerRequest,
    value: &Option<T>,
    set: impl FnOnce(ContainerRequest, T) -> ContainerRequest,
) -> ContainerRequest {
    match value.clone() {
        Some(value) => set(request, value),
        None => request,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R4: *pure*. Every kind of value reaches the request.
    #[test]
    fn every_kind_of_value_is_read() {
        let file = RequestFile::parse(
            r#"
            image = "python:3.11"
            env = { LANG = "C.UTF-8" }
            working_dir = "/src"
            memory = "512m"
            shm_size = 65536
            cpus = 1.5
            ulimits = { nofile = 1024 }
            startup_timeout = "1m30s"
            mounts = [{ bind = "data", target = "/data", read_only = true }, { target = "/scratch" }]
            copy = [{ from = "x", to = "/x" }]
            wait = { log = "ready" }
            "#,
        )
        .expect("a request");
        assert_eq!(file.memory, Some(Size(512 << 20)));
        assert_eq!(file.startup_timeout, Some(Time(Duration::from_secs(90))));
        assert_eq!(file.wait, Some(Wait::Log("ready".to_owned())));
        let request = format!("{:?}", file.request().expect("a request"));
        for part in ["nano_cpus: None", "cpu_quota: Some(150000)", "memory: Some(536870912)", "LANG=C.UTF-8"]
        {
            assert!(request.contains(part), "{part} in {request}");
        }
        assert!(request.contains("for_cases: Some"), "{request}");
        let old = RequestFile::parse("workdir = \"/src\"").expect("the key's old spelling");
        assert_eq!(old.working_dir, file.working_dir);
    }

    /// R1: *pure*. An unknown key is named, and so is a bad value.
    #[test]
    fn unknown_keys_and_bad_values_are_named() {
        for (text, said) in [
            ("imag = \"x\"", "unknown field `imag`"),
            ("mounts = [{ target = \"/a\", sorce = \"b\" }]", "unknown field `sorce`"),
            ("memory = \"lots\"", "`lots` is no size"),
            ("memory = true", "boolean is no size"),
            ("startup_timeout = \"soon\"", "`soon`"),
            ("pull = \"often\"", "unknown variant `often`"),
            ("wait = { log = \"a\", port = 1 }", "wait"),
            ("image = ", "line 1"),
        ] {
            let error = RequestFile::parse(text).expect_err("refused");
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    /// R1: *pure*. A mount that contradicts itself is refused, and so is a request without an image.
    #[test]
    fn a_request_that_contradicts_itself_is_refused() {
        let refusal = |text: &str| {
            let file = RequestFile::parse(text).expect("TOML").with_image("x");
            file.request().expect_err("refused").to_string()
        };
        assert!(refusal("mounts = [{ target = \"/a\", bind = \"b\", volume = \"c\" }]").contains("not both"));
        assert!(
            refusal("mounts = [{ target = \"/a\", volume = \"c\", read_only = true }]")
                .contains("only a `bind`")
        );
        assert!(RequestFile::default().request().expect_err("no image").to_string().contains("--image"));
    }

    #[test]
    fn the_file_s_own_command_keeps_the_container_running() {
        let request = |file: RequestFile| format!("{:?}", file.with_image("x").request().expect("a request"));
        assert!(request(RequestFile::default().with_own_command()).contains("for_cases: None"));
        let file = RequestFile::parse("cmd = [\"serve\"]").expect("TOML");
        assert!(request(file).contains("for_cases: None"));
    }
}
