//! Finds a container engine that answers, and says of each candidate before it why it is not the one.
//!
//! The library's own discovery is to take this module's place; nothing else here knows how an engine is found.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bollard::Docker;
use serde_json::Value;
use sha2::{Digest, Sha256};

/// A local engine answers a ping at once, or it is not well.
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// As `DOCKER_HOST` has it.
    pub(crate) url: String,
    /// Where the address came from.
    pub(crate) source: String,
}

/// A candidate that is not the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Where the address came from, or would have.
    pub(crate) source: String,
    /// Why not.
    pub(crate) reason: String,
}

/// What was found, and what was refused before it.
#[derive(Clone, Debug)]
pub(crate) struct Located {
    pub(crate) found: Option<Endpoint>,
    pub(crate) refused: Vec<Refused>,
}

/// What the search goes by, read once so that the list of candidates is a pure function of it.
#[derive(Clone, Debug, Default)]
struct Surroundings {
    docker_host: Option<String>,
    /// The private engine that `xtask engine up` started.
    private: Option<String>,
    /// The chosen Docker context and its endpoint, or why there is none.
    context: Option<(String, Result<String, String>)>,
    runtime_dir: Option<PathBuf>,
    home: Option<PathBuf>,
}

struct Candidate {
    source: String,
    url: Result<String, String>,
}

/// Looks for an engine. `private` is the address of one that was started here.
pub(crate) async fn locate(private: Option<&str>) -> Located {
    let mut refused = Vec::new();
    for candidate in candidates(&Surroundings::read(private)) {
        let source = candidate.source;
        let answer = match candidate.url {
            Ok(url) => ping(&url).await.map(|()| url),
            Err(reason) => Err(reason),
        };
        match answer {
            Ok(url) => return Located { found: Some(Endpoint { url, source }), refused },
            Err(reason) => refused.push(Refused { source, reason }),
        }
    }
    Located { found: None, refused }
}

/// A client for an address as `DOCKER_HOST` has it.
pub(crate) fn connect(url: &str) -> Result<Docker, String> {
    if let Some(path) = url.strip_prefix("unix://")
        && !Path::new(path).exists()
    {
        return Err(format!("no socket at `{path}`"));
    }
    Docker::connect_with_host(url).map_err(|error| error.to_string().to_lowercase())
}

async fn ping(url: &str) -> Result<(), String> {
    let docker = connect(url)?;
    match tokio::time::timeout(PING_TIMEOUT, docker.ping()).await {
        Ok(Ok(_)) => Ok(()),
        // The innermost source says what went wrong; those around it say which layers of the client it went through.
        Ok(Err(error)) => Err(format!("no answer from `{url}`: {}", anyhow::Error::from(error).root_cause())),
        Err(_) => Err(format!("no answer from `{url}` within {} s", PING_TIMEOUT.as_secs())),
    }
}

fn candidates(around: &Surroundings) -> Vec<Candidate> {
    let unset = |name: &str| Err(format!("`{name}` is not set"));
    let mut list = vec![
        Candidate {
            source: "`DOCKER_HOST`".into(),
            url: around.docker_host.clone().map_or_else(|| unset("DOCKER_HOST"), Ok),
        },
        Candidate {
            source: "private engine".into(),
            url: around
                .private
                .clone()
                .ok_or_else(|| "none is up; `cargo xtask engine up --private` starts one".into()),
        },
        match &around.context {
            Some((name, url)) => Candidate { source: format!("docker context `{name}`"), url: url.clone() },
            None => Candidate { source: "docker context".into(), url: Err("none is chosen".into()) },
        },
        socket("the system's Docker", Path::new("/var/run/docker.sock")),
    ];
    let runtime_dir = around.runtime_dir.as_deref();
    let mut in_runtime_dir = |source: &str, path: &str| {
        list.push(match runtime_dir {
            Some(directory) => socket(source, &directory.join(path)),
            None => Candidate { source: source.into(), url: unset("XDG_RUNTIME_DIR") },
        });
    };
    in_runtime_dir("rootless Docker", "docker.sock");
    in_runtime_dir("rootless Podman", "podman/podman.sock");
    if let Some(home) = &around.home {
        list.push(socket("Docker Desktop", &home.join(".docker/run/docker.sock")));
    }
    list.push(socket("the system's Podman", Path::new("/run/podman/podman.sock")));
    list
}

fn socket(source: &str, path: &Path) -> Candidate {
    Candidate { source: source.into(), url: Ok(format!("unix://{}", path.display())) }
}

impl Surroundings {
    fn read(private: Option<&str>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let home = variable("HOME").map(PathBuf::from);
        let config =
            variable("DOCKER_CONFIG").map(PathBuf::from).or(home.as_ref().map(|home| home.join(".docker")));
        let chosen = variable("DOCKER_CONTEXT").or_else(|| current_context(config.as_deref()?));
        Self {
            docker_host: variable("DOCKER_HOST"),
            private: private.map(str::to_owned),
            // `default` is the name of having no context.
            context: chosen.filter(|name| name != "default").zip(config).map(|(name, config)| {
                let url = context_endpoint(&config, &name);
                (name, url)
            }),
            runtime_dir: variable("XDG_RUNTIME_DIR").map(PathBuf::from),
            home,
        }
    }
}

/// The context that `docker context use` chose.
fn current_context(config: &Path) -> Option<String> {
    let text = std::fs::read_to_string(config.join("config.json")).ok()?;
    let value: Value = serde_json::from_str(&text).ok()?;
    value["currentContext"].as_str().filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A context's endpoint; its description is in a directory named by the digest of its name.
fn context_endpoint(config: &Path, name: &str) -> Result<String, String> {
    let directory: String = Sha256::digest(name).iter().map(|byte| format!("{byte:02x}")).collect();
    let path = config.join("contexts/meta").join(directory).join("meta.json");
    let text = std::fs::read_to_string(&path)
        .map_err(|error| format!("failed to read `{}`: {error}", path.display()))?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let host = value["Endpoints"]["docker"]["Host"].as_str();
    host.map(str::to_owned).ok_or_else(|| format!("`{}` names no docker endpoint", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_come_in_order_with_what_is_unset_named() {
        let list = candidates(&Surroundings {
            private: Some("unix:///run/x.sock".into()),
            context: Some(("there".into(), Ok("tcp://there:2375".into()))),
            ..Surroundings::default()
        });
        let lines: Vec<String> = list
            .into_iter()
            .map(|candidate| {
                format!("{}: {}", candidate.source, candidate.url.unwrap_or_else(|reason| reason))
            })
            .collect();
        assert_eq!(
            lines,
            [
                "`DOCKER_HOST`: `DOCKER_HOST` is not set",
                "private engine: unix:///run/x.sock",
                "docker context `there`: tcp://there:2375",
                "the system's Docker: unix:///var/run/docker.sock",
                "rootless Docker: `XDG_RUNTIME_DIR` is not set",
                "rootless Podman: `XDG_RUNTIME_DIR` is not set",
                "the system's Podman: unix:///run/podman/podman.sock",
            ]
        );
    }

    #[test]
    fn a_context_is_found_by_the_digest_of_its_name() {
        let config = tempfile::tempdir().expect("a directory");
        let digest: String = Sha256::digest("there").iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = config.path().join("contexts/meta").join(digest);
        std::fs::create_dir_all(&meta).expect("a directory");
        std::fs::write(meta.join("meta.json"), r#"{"Endpoints":{"docker":{"Host":"tcp://h:1"}}}"#)
            .expect("a file");
        assert_eq!(context_endpoint(config.path(), "there"), Ok("tcp://h:1".into()));
        assert!(context_endpoint(config.path(), "elsewhere").is_err());
    }
}
