//! Finds the engine (E4). These addresses are tried, in this order:
//!
//! 1. `DOCKER_HOST`
//! 2. `DOCKER_CONTEXT`
//! 3. `tc.host`, then `docker.host`, from `~/.testcontainers.properties`
//! 4. the context chosen by `docker context use`
//! 5. the usual sockets of Docker, rootless Docker, desktop products and Podman
//!
//! An engine named by 1 to 4 is the only one that is tried: it is better not to run tests than to run them silently on
//! another engine. The caller provides the probe that contacts an engine.

use std::fs;
use std::io;
use std::path::PathBuf;

use futures_util::future::BoxFuture;

use crate::config::{Config, Endpoint, EngineSettings, Setting};
use crate::engine::candidate::{Candidate, reason};
use crate::engine::context;
use crate::engine::obstacle::Obstacle;
use crate::engine::version::EngineVersion;
use crate::words::{Error, Kind, Result};

/// An engine that answered.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Located {
    /// The address of its API.
    pub endpoint: Endpoint,
    /// The source of the address, as messages name it.
    pub source: String,
    /// The version that the engine reports.
    pub version: EngineVersion,
    /// The candidates that were tried before and did not answer.
    pub rejected: Vec<Candidate>,
}

/// A function that requests an engine's version.
pub(crate) trait Probe:
    Fn(&Endpoint) -> BoxFuture<'static, Result<EngineVersion>> + Send + Sync
{
}
impl<F: Fn(&Endpoint) -> BoxFuture<'static, Result<EngineVersion>> + Send + Sync> Probe for F {}

/// Finds the engine. `probe` requests the version of the engine at an address, and has to limit its own time.
///
/// # Errors
/// - Unreachable: the named engine does not answer, or none of the usual sockets does. The message lists each address
///   that was tried, with the reason.
/// - Invalid or not found: the named address or context can't be used.
///
/// # Cancel safety
/// Dropping the future drops the running probe and leaves nothing behind.
pub(crate) async fn locate(config: &Config, probe: impl Probe) -> Result<Located> {
    let usual = usual_places(&config.engine);
    let located = match named(&config.engine)? {
        Some(place) => ask_named(place, &usual, probe).await?,
        None => ask_usual(usual, probe).await?,
    };
    for Candidate { source, endpoint, reason } in &located.rejected {
        tracing::debug!(%endpoint, source, reason, "the engine did not answer");
    }
    let Located { endpoint, source, version, .. } = &located;
    tracing::info!(%endpoint, source, %version, "engine found");
    Ok(located)
}

/// An address with its source.
type Place = Setting<Endpoint>;

/// Returns the engine that the configuration names, or `None` if it names none.
fn named(settings: &EngineSettings) -> Result<Option<Place>> {
    if let Some(host) = &settings.host {
        return of_host(host, settings).map(Some);
    }
    // A context from the environment takes precedence over a host in the file, which takes precedence over `docker
    // context use`.
    let context = context::in_use(settings)?;
    match (&settings.host_of_file, context) {
        (Some(host), None) => of_host(host, settings).map(Some),
        (Some(host), Some(_)) if settings.context.is_none() => of_host(host, settings).map(Some),
        (_, Some(name)) => {
            let endpoint = context::endpoint(settings, &name.value)
                .map_err(|error| error.with_hint(format!("{} names this context", name.source)))?;
            Ok(Some(Setting::new(endpoint, format!("{} (`{}`)", name.source, name.value))))
        }
        (None, None) => Ok(None),
    }
}

fn of_host(host: &Setting<String>, settings: &EngineSettings) -> Result<Place> {
    let endpoint = Endpoint::parse(&host.value, settings.tls.as_ref())
        .map_err(|error| error.with_subject(host.source.clone()))?;
    Ok(Setting::new(endpoint, host.source.clone()))
}

/// Returns the sockets where engines listen by default, in the order in which they are tried.
fn usual_places(settings: &EngineSettings) -> Vec<Place> {
    let place = |name: &str, path: PathBuf| Setting::new(Endpoint::Unix(path), name);
    let mut places = vec![place("Docker", "/var/run/docker.sock".into())];
    if let Some(folder) = &settings.runtime_dir {
        places.push(place("rootless Docker", folder.join("docker.sock")));
    }
    if let Some(home) = &settings.home {
        places.push(place("Docker of this user", home.join(".docker/run/docker.sock")));
        places.push(place("Docker Desktop", home.join(".docker/desktop/docker.sock")));
        places.push(place("Colima", home.join(".colima/default/docker.sock")));
        places.push(place("Rancher Desktop", home.join(".rd/docker.sock")));
        places.push(place("OrbStack", home.join(".orbstack/run/docker.sock")));
    }
    if let Some(folder) = &settings.runtime_dir {
        places.push(place("rootless Podman", folder.join("podman/podman.sock")));
    }
    places.push(place("Podman", "/run/podman/podman.sock".into()));
    places
}

async fn ask_usual(places: Vec<Place>, probe: impl Probe) -> Result<Located> {
    let (mut rejected, mut obstacles) = (Vec::new(), Vec::new());
    for Setting { value: endpoint, source } in places {
        match ask(&endpoint, &probe).await {
            Ok(version) => return Ok(Located { endpoint, source, version, rejected }),
            Err(error) => {
                obstacles.push((Obstacle::of(&error), endpoint.clone()));
                rejected.push(Candidate { reason: reason(&error), source, endpoint });
            }
        }
    }
    let mut message = "no container engine answers".to_owned();
    for candidate in &rejected {
        message.push_str(&format!("\n  {candidate}"));
    }
    obstacles.sort_by_key(|(obstacle, _)| *obstacle);
    let advice = obstacles.iter().find_map(|(obstacle, endpoint)| obstacle.advice(endpoint));
    let advice = advice.unwrap_or_else(|| "start Docker or Podman, install one of them".to_owned());
    Err(Error::new(Kind::Unreachable, message)
        .with_hint(format!("{advice}, or set `DOCKER_HOST` to the address of an engine that runs")))
}

async fn ask_named(place: Place, usual: &[Place], probe: impl Probe) -> Result<Located> {
    let Setting { value: endpoint, source } = place;
    let error = match ask(&endpoint, &probe).await {
        Ok(version) => return Ok(Located { endpoint, source, version, rejected: Vec::new() }),
        Err(error) => error,
    };
    let mut message =
        format!("the engine that {source} names does not answer at `{endpoint}`: {}", reason(&error));
    let others = usual.iter().filter(|other| other.value != endpoint && exists(&other.value).is_ok());
    for (index, Setting { value, source }) in others.enumerate() {
        if index == 0 {
            message.push_str("\n  not tried, since an engine is named explicitly, but present:");
        }
        message.push_str(&format!("\n    `{value}` ({source})"));
    }
    let advice = Obstacle::of(&error).advice(&endpoint);
    let hint = format!("{}, or change {source}", advice.as_deref().unwrap_or("start that engine"));
    Err(Error::new(Kind::Unreachable, message).with_hint(hint).with_source(error))
}

async fn ask(endpoint: &Endpoint, probe: impl Probe) -> Result<EngineVersion> {
    exists(endpoint)
        .map_err(|error| Error::new(Kind::Unreachable, "the socket does not exist").with_source(error))?;
    probe(endpoint).await
}

/// Checks that a socket's file exists, which gives a clearer error than the probe.
fn exists(endpoint: &Endpoint) -> io::Result<()> {
    match endpoint {
        Endpoint::Unix(path) => fs::metadata(path).map(|_| ()),
        Endpoint::Tcp { .. } => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::*;
    use crate::engine::version::EngineKind;

    fn answered(answer: Result<EngineVersion>) -> BoxFuture<'static, Result<EngineVersion>> {
        Box::pin(std::future::ready(answer))
    }

    fn version() -> EngineVersion {
        EngineVersion {
            version: "1".into(),
            api: (1, 41),
            kind: EngineKind::Docker,
            os: "linux".into(),
            arch: "amd64".into(),
        }
    }

    fn failure(kind: io::ErrorKind) -> Error {
        Error::new(Kind::Unreachable, "can't connect").with_source(io::Error::from(kind))
    }

    /// Creates plain files, which `exists` accepts as sockets.
    fn places(names: &[&str]) -> (TempDir, Vec<Place>) {
        let folder = tempfile::tempdir().expect("a folder");
        let place = |name: &&str| {
            fs::write(folder.path().join(name), "").expect("written");
            Setting::new(Endpoint::Unix(folder.path().join(name)), *name)
        };
        let places = names.iter().map(place).collect();
        (folder, places)
    }

    fn name(endpoint: &Endpoint) -> String {
        endpoint.to_string().rsplit('/').next().expect("a name").to_owned()
    }

    #[tokio::test]
    async fn the_first_usual_place_that_answers_is_taken_and_those_before_it_are_told() {
        let (folder, mut places) = places(&["refuses", "answers", "later"]);
        places.insert(0, Setting::new(Endpoint::Unix(folder.path().join("missing")), "missing"));
        let asked = Mutex::new(Vec::new());
        let probe = |endpoint: &Endpoint| {
            asked.lock().expect("no panic").push(name(endpoint));
            let answer = if name(endpoint) == "refuses" {
                Err(failure(io::ErrorKind::ConnectionRefused))
            } else {
                Ok(version())
            };
            answered(answer)
        };
        let located = ask_usual(places, probe).await.expect("one answers");
        assert_eq!((located.source.as_str(), name(&located.endpoint).as_str()), ("answers", "answers"));
        assert_eq!(
            *asked.lock().expect("no panic"),
            ["refuses", "answers"],
            "a socket that is not there is not asked"
        );
        let reasons: Vec<_> = located.rejected.iter().map(|candidate| candidate.reason.as_str()).collect();
        assert_eq!(reasons, ["no such file", "connection refused: the daemon is not running"]);
    }

    #[tokio::test]
    async fn when_none_answers_each_is_listed_with_its_reason() {
        let (folder, places) = places(&["denied", "refused", "hung", "odd"]);
        let probe = |endpoint: &Endpoint| {
            answered(Err(match name(endpoint).as_str() {
                "denied" => failure(io::ErrorKind::PermissionDenied),
                "refused" => failure(io::ErrorKind::ConnectionRefused),
                "hung" => Error::new(Kind::Timeout, "no answer").with_elapsed(Duration::from_secs(5)),
                _ => EngineVersion::parse(b"<html>").expect_err("no engine"),
            }))
        };
        let error = ask_usual(places, probe).await.expect_err("none answers");
        assert!(error.is_engine_unreachable());
        let text = error.to_string().replace(folder.path().to_str().expect("unicode"), "");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[0], "no container engine answers");
        assert_eq!(
            lines[1],
            "  `unix:///denied` (denied): permission denied: is this user in the group that owns the socket, \
             usually `docker`?"
        );
        assert_eq!(lines[2], "  `unix:///refused` (refused): connection refused: the daemon is not running");
        assert_eq!(
            lines[3],
            "  `unix:///hung` (hung): no answer (after 5.0 s): the daemon hangs, or is not reachable"
        );
        assert!(
            lines[4].starts_with("  `unix:///odd` (odd): the answer to `GET /version` is not JSON: "),
            "{text}"
        );
        let advice = "hint: only root may use `/denied`: use a rootless engine";
        let of_group = "may use `/denied`";
        assert!(lines[5].starts_with(advice) || lines[5].contains(of_group), "{text}");
        assert!(lines[5].ends_with("or set `DOCKER_HOST` to the address of an engine that runs"), "{text}");
        assert_eq!(lines.len(), 6, "{text}");
    }

    /// E4: the hint fits the obstacle: an engine that is there and can't be used goes before those that are not there.
    #[tokio::test]
    async fn the_hint_fits_the_reason_why_no_engine_answers() {
        for (name, hint) in [
            ("missing", "start Docker or Podman, install one of them"),
            (
                "refused",
                "start the engine that listens at `/refused`, for example with `systemctl --user start docker`",
            ),
            ("hung", "the engine at `unix:///hung` hangs if `docker version` hangs too: restart it"),
        ] {
            let (folder, mut places) = places(&[name]);
            let missing = Setting::new(Endpoint::Unix(folder.path().join("none")), "missing");
            if name == "missing" {
                places.clear();
            }
            places.insert(0, missing);
            let probe = |_: &Endpoint| {
                answered(Err(match name {
                    "refused" => failure(io::ErrorKind::ConnectionRefused),
                    _ => Error::new(Kind::Timeout, "no answer"),
                }))
            };
            let error = ask_usual(places, probe).await.expect_err("none answers").to_string();
            let text = error.replace(folder.path().to_str().expect("unicode"), "");
            assert!(text.contains(&format!("\nhint: {hint}")), "{text}");
            assert!(text.ends_with("or set `DOCKER_HOST` to the address of an engine that runs"), "{text}");
        }
    }

    /// E4: the hint about a socket that a variable names and this user may not use is about its permissions.
    #[tokio::test]
    async fn the_hint_on_a_named_socket_without_permission_is_about_the_permission() {
        let (_folder, mut places) = places(&["named"]);
        let probe = |_: &Endpoint| answered(Err(failure(io::ErrorKind::PermissionDenied)));
        let error = ask_named(places.remove(0), &[], probe).await.expect_err("denied").to_string();
        assert!(error.contains("may use `") && !error.contains("start that engine"), "{error}");
    }

    #[tokio::test]
    async fn an_engine_that_was_named_is_the_only_one_asked() {
        let (_folder, usual) = places(&["other"]);
        let named = Setting::new(Endpoint::parse("tcp://h:1", None).expect("valid"), "`DOCKER_HOST`");
        let probe = |endpoint: &Endpoint| {
            assert_eq!(endpoint.to_string(), "tcp://h:1");
            answered(Err(failure(io::ErrorKind::ConnectionRefused)))
        };
        let error = ask_named(named, &usual, probe).await.expect_err("it does not answer");
        let expected = format!(
            "the engine that `DOCKER_HOST` names does not answer at `tcp://h:1`: connection refused: the daemon is not \
             running\n  not tried, since an engine is named explicitly, but present:\n    `{}` (other)\nhint: start that engine, or \
             change `DOCKER_HOST`",
            usual[0].value
        );
        assert_eq!(error.to_string(), expected);
    }

    #[tokio::test]
    async fn an_engine_that_was_named_and_answers_is_located_with_its_source() {
        let config = Config::of(&[("DOCKER_HOST", "tcp://h:1")], "").expect("valid");
        let located = locate(&config, |_: &Endpoint| answered(Ok(version()))).await.expect("it answers");
        assert_eq!((located.source.as_str(), located.rejected.len()), ("`DOCKER_HOST`", 0));
    }

    #[tokio::test]
    async fn an_address_that_is_none_is_refused_by_its_variable() {
        let config = Config::of(&[("DOCKER_HOST", "ssh://h")], "").expect("valid");
        let error = locate(&config, |_: &Endpoint| answered(Ok(version()))).await.expect_err("ssh");
        assert!(error.is_invalid());
        assert!(
            error.to_string().starts_with("`DOCKER_HOST`: the engine's address `ssh://h` is not"),
            "{error}"
        );
    }

    #[test]
    fn sources_that_name_an_engine_have_an_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().to_str().expect("unicode");
        fs::write(folder.path().join("config.json"), r#"{"currentContext":"b"}"#).expect("written");
        for name in ["a", "b"] {
            let context = folder.path().join("contexts/meta").join(name);
            fs::create_dir_all(&context).expect("made");
            let meta = format!(
                r#"{{"Name":"{name}","Endpoints":{{"docker":{{"Host":"tcp://context-{name}:1"}}}}}}"#
            );
            fs::write(context.join("meta.json"), meta).expect("written");
        }
        let (host, context) = (("DOCKER_HOST", "tcp://env:1"), ("DOCKER_CONTEXT", "a"));
        let file = "tc.host=tcp://tc:1\ndocker.host=tcp://file:1";
        for (env, properties, expected) in [
            (&[host, context][..], file, "tcp://env:1"),
            (&[context], file, "tcp://context-a:1"),
            (&[], file, "tcp://tc:1"),
            (&[("DOCKER_CONTEXT", "default")], file, "tcp://tc:1"),
            (&[], "docker.host=tcp://file:1", "tcp://file:1"),
            (&[], "", "tcp://context-b:1"),
        ] {
            let env = [env, &[("DOCKER_CONFIG", path)]].concat();
            let config = Config::of(&env, properties).expect("valid");
            let place = named(&config.engine).expect("valid").expect("named");
            assert_eq!(place.value.to_string(), expected, "{env:?} {properties:?}");
        }
        let env = [("DOCKER_CONFIG", path), ("DOCKER_CONTEXT", "default")];
        assert_eq!(named(&Config::of(&env, "").expect("valid").engine).expect("valid"), None);
    }

    #[test]
    fn a_context_that_is_not_there_is_an_error_that_says_who_named_it() {
        let config = Config::of(&[("DOCKER_CONTEXT", "x")], "").expect("valid");
        let error = named(&config.engine).expect_err("not there").to_string();
        assert!(error.ends_with("hint: `DOCKER_CONTEXT` names this context"), "{error}");
    }

    #[test]
    fn the_usual_places_follow_home_and_runtime_folder() {
        let env = [("HOME", "/h"), ("XDG_RUNTIME_DIR", "/r")];
        let all = usual_places(&Config::of(&env, "").expect("valid").engine);
        let texts: Vec<_> = all.iter().map(|place| place.value.to_string()).collect();
        assert_eq!(texts.first().map(String::as_str), Some("unix:///var/run/docker.sock"));
        assert_eq!(texts.last().map(String::as_str), Some("unix:///run/podman/podman.sock"));
        assert!(texts.contains(&"unix:///r/docker.sock".to_owned()));
        assert!(texts.contains(&"unix:///h/.docker/desktop/docker.sock".to_owned()));
        assert!(texts.contains(&"unix:///r/podman/podman.sock".to_owned()));
        assert_eq!(usual_places(&Config::of(&[], "").expect("valid").engine).len(), 2);
    }
}
