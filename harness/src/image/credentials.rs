//! Finds the credentials for a registry (C32) in the places where `docker login` and CI jobs store them. It does not
//! contact the registry. No content of those places appears in an error or a log.

use std::fs;
use std::io;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::config::{Config, Hidden};
use crate::image::helper;
use crate::words::{Error, Kind, Result};

/// Docker Hub's key in Docker's files and credential helpers.
const HUB_KEY: &str = "https://index.docker.io/v1/";

/// A registry's credentials. `Debug` does not print the secrets.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Secret {
    /// A user name and its password.
    Password { username: String, password: Hidden },
    /// An identity token, as a login in a browser yields one.
    IdentityToken(Hidden),
    /// A bearer token for the registry itself.
    RegistryToken(Hidden),
}

/// The result of a search for a registry's credentials.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The credentials, or `None` if none are stored.
    pub(crate) secret: Option<Secret>,
    /// The reason why a credential helper gave no answer, if one was to be asked and none of the other places has
    /// credentials.
    pub(crate) failure: Option<String>,
}

/// Finds the credentials for a registry, `docker.io` or `host[:port]`.
///
/// `DOCKER_AUTH_CONFIG` is searched first, then `config.json` in Docker's folder. In each, the registry's own helper
/// comes first, then the helper for all registries, then the entries of the file itself. As with Docker, a helper that
/// fails, can't be run, or takes longer than 10 s is skipped with a warning, since most images need no credentials.
///
/// # Errors
/// Image, if a source is not JSON, or if this registry's entry is malformed.
///
/// # Cancel safety
/// Nothing but a running helper is left behind if the future is dropped. The helper ends by itself, or is killed after
/// 10 s.
pub(crate) async fn credentials_for(config: &Config, registry: &str) -> Result<Found> {
    let mut failure = None;
    if let Some(setting) = &config.auth_config {
        let value = json(setting.value.reveal().as_bytes(), &setting.source)?;
        if let Some(secret) = look_up(&value, &setting.source, registry, &mut failure).await? {
            return Ok(Found { secret: Some(secret), failure: None });
        }
    }
    let file = config.engine.docker_config.as_ref().map(|folder| folder.join("config.json"));
    let content = file.as_deref().map(read).transpose()?.flatten();
    let secret = match (file, content) {
        (Some(file), Some(content)) => {
            let source = format!("`{}`", file.display());
            look_up(&json(&content, &source)?, &source, registry, &mut failure).await?
        }
        _ => None,
    };
    Ok(Found { failure: failure.filter(|_| secret.is_none()), secret })
}

fn read(file: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(file) {
        Ok(content) => Ok(Some(content)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => {
            let message = format!("`{}` can't be read: {}", file.display(), error.kind());
            Err(Error::new(Kind::Image, message).with_source(error))
        }
    }
}

/// Parses JSON. The error has only the position, since the parser's own message quotes the content.
fn json(content: &[u8], source: &str) -> Result<Value> {
    serde_json::from_slice(content).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Error::new(Kind::Image, format!("{source} is not JSON at line {line}, column {column}"))
    })
}

/// Searches one source. The failure of a helper is put into `failure`, and the search goes on.
async fn look_up(
    config: &Value,
    source: &str,
    registry: &str,
    failure: &mut Option<String>,
) -> Result<Option<Secret>> {
    let own = config["credHelpers"].as_object().and_then(|helpers| find(helpers, registry));
    let (object, key, helper) = match own {
        Some((key, helper)) => ("credHelpers", key, helper.as_str()),
        None => ("credsStore", key_of(registry), config["credsStore"].as_str()),
    };
    match helper.filter(|helper| !helper.is_empty()) {
        Some(helper) => match helper::ask(helper, key).await {
            Ok(Some(found)) => return Ok(Some(found)),
            // An empty answer of the registry's own helper is final, as with Docker.
            Ok(None) if own.is_some() => return Ok(None),
            Ok(None) => {}
            Err(error) => {
                let error = format!("{error} (`{object}` in {source} names it)");
                tracing::warn!("{error}; the image is pulled without the helper's credentials");
                failure.get_or_insert(error);
            }
        },
        None if own.is_some() => {
            return Err(malformed(source, object, key, "should be the name of a helper"));
        }
        None => {}
    }
    match config["auths"].as_object().and_then(|auths| find(auths, registry)) {
        Some((key, entry)) => read_entry(entry).map_err(|problem| malformed(source, "auths", key, problem)),
        None => Ok(None),
    }
}

fn malformed(source: &str, object: &str, key: &str, problem: &str) -> Error {
    let key = key.escape_debug();
    Error::new(Kind::Image, format!("the entry `{key}` of `{object}` in {source} {problem}"))
}

/// Returns the key of a registry in Docker's files and for credential helpers.
pub(super) fn key_of(registry: &str) -> &str {
    if is_hub(registry) { HUB_KEY } else { registry }
}

fn is_hub(host: &str) -> bool {
    matches!(host, "docker.io" | "index.docker.io" | "registry-1.docker.io")
}

/// Finds the entry of a registry: the one with the exact key, else one with the same host.
fn find<'a>(entries: &'a serde_json::Map<String, Value>, registry: &str) -> Option<(&'a str, &'a Value)> {
    let exact = entries.get_key_value(key_of(registry));
    let same_host = || {
        entries.iter().find(|(key, _)| {
            // A login in a browser stores tokens for the login itself next to those for the registry.
            let own = key.ends_with("/access-token") || key.ends_with("/refresh-token");
            let host = host_of(key);
            !own && (host.eq_ignore_ascii_case(registry) || is_hub(host) && is_hub(registry))
        })
    };
    exact.or_else(same_host).map(|(key, value)| (key.as_str(), value))
}

/// Returns the host and port of a key, which may be a URL.
fn host_of(key: &str) -> &str {
    let rest = key.split_once("://").map_or(key, |(_, rest)| rest);
    rest.split('/').next().unwrap_or(rest)
}

/// Reads an entry of `auths`. An empty entry only states that a helper has the credentials.
fn read_entry(entry: &Value) -> Result<Option<Secret>, &'static str> {
    let text = |key: &str| entry[key].as_str().filter(|text| !text.is_empty());
    if let Some(token) = text("identitytoken") {
        return Ok(Some(Secret::IdentityToken(Hidden::new(token))));
    }
    if let Some(token) = text("registrytoken") {
        return Ok(Some(Secret::RegistryToken(Hidden::new(token))));
    }
    if let Some(auth) = text("auth") {
        return decode(auth).map(Some);
    }
    let (Some(username), Some(password)) = (text("username"), text("password")) else { return Ok(None) };
    Ok(Some(Secret::Password { username: username.to_owned(), password: Hidden::new(password) }))
}

/// Decodes an `auth` value: base64 of `name:password`, where only the password may contain a colon.
fn decode(auth: &str) -> Result<Secret, &'static str> {
    const PROBLEM: &str = "has an `auth` that should be `name:password` in base64";
    let text =
        STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).ok_or(PROBLEM)?;
    let (username, password) =
        text.split_once(':').filter(|(username, _)| !username.is_empty()).ok_or(PROBLEM)?;
    // Docker pads old entries with zeros.
    let password = Hidden::new(password.trim_end_matches('\0'));
    Ok(Secret::Password { username: username.to_owned(), password })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn password(username: &str, password: &str) -> Option<Secret> {
        Some(Secret::Password { username: username.into(), password: Hidden::new(password) })
    }

    /// Looks a registry up in a configuration file with this content.
    async fn in_file(content: &str, registry: &str) -> Result<Option<Secret>> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("config.json"), content).expect("written");
        let path = folder.path().to_str().expect("unicode");
        secret_for(&Config::of(&[("DOCKER_CONFIG", path)], "").expect("valid"), registry).await
    }

    async fn secret_for(config: &Config, registry: &str) -> Result<Option<Secret>> {
        credentials_for(config, registry).await.map(|found| found.secret)
    }

    fn auths(entries: Value) -> String {
        json!({ "auths": entries }).to_string()
    }

    #[tokio::test]
    async fn each_shape_of_an_entry_is_read() {
        for (entry, expected) in [
            (json!({ "auth": STANDARD.encode("u:p:q") }), password("u", "p:q")),
            (json!({ "auth": STANDARD.encode("u:p\0\0") }), password("u", "p")),
            (json!({ "auth": STANDARD.encode("u:") }), password("u", "")),
            (json!({ "username": "u", "password": "p" }), password("u", "p")),
            (
                json!({ "auth": STANDARD.encode("u:p"), "identitytoken": "t" }),
                Some(Secret::IdentityToken(Hidden::new("t"))),
            ),
            (json!({ "registrytoken": "t" }), Some(Secret::RegistryToken(Hidden::new("t")))),
            (json!({}), None),
            (json!({ "auth": "" }), None),
        ] {
            let found = in_file(&auths(json!({ "r.io": entry })), "r.io").await.expect("well-formed");
            assert_eq!(found, expected, "{entry}");
        }
    }

    #[tokio::test]
    async fn hosts_are_compared_and_not_schemes_or_paths() {
        let user = |name: &str| json!({ "username": name, "password": "p" });
        for (key, registry) in [
            ("r.io", "r.io"),
            ("https://r.io", "r.io"),
            ("http://r.io:5000/v2/", "r.io:5000"),
            ("R.io", "r.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker.io", "docker.io"),
            ("registry-1.docker.io", "docker.io"),
        ] {
            let found = in_file(&auths(json!({ key: user("u") })), registry).await.expect("well-formed");
            assert_eq!(found, password("u", "p"), "{key}");
        }
        for (key, registry) in [
            ("r.io", "r.io:5000"),
            ("r.io:5000", "r.io"),
            ("x.r.io", "r.io"),
            ("r.io", "docker.io"),
            ("https://index.docker.io/v1/access-token", "docker.io"),
            ("https://index.docker.io/v1/refresh-token", "docker.io"),
        ] {
            let found = in_file(&auths(json!({ key: user("u") })), registry).await.expect("well-formed");
            assert_eq!(found, None, "{key}");
        }
    }

    #[tokio::test]
    async fn the_very_key_goes_before_one_of_the_same_host() {
        let entries = json!({
            "https://index.docker.io/v0/": { "username": "old", "password": "p" },
            "https://index.docker.io/v1/": { "username": "new", "password": "p" },
        });
        assert_eq!(in_file(&auths(entries), "docker.io").await.expect("well-formed"), password("new", "p"));
    }

    #[tokio::test]
    async fn the_variable_is_asked_before_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let entry = |name: &str| json!({ "username": name, "password": "p" });
        let file = auths(json!({ "a.io": entry("file"), "b.io": entry("file") }));
        fs::write(folder.path().join("config.json"), file).expect("written");
        let variable = auths(json!({ "a.io": entry("variable") }));
        let path = folder.path().to_str().expect("unicode");
        let config =
            Config::of(&[("DOCKER_CONFIG", path), ("DOCKER_AUTH_CONFIG", &variable)], "").expect("valid");
        assert_eq!(secret_for(&config, "a.io").await.expect("valid"), password("variable", "p"));
        assert_eq!(secret_for(&config, "b.io").await.expect("valid"), password("file", "p"));
    }

    #[tokio::test]
    async fn without_a_file_there_are_none() {
        for env in [&[][..], &[("HOME", "/nonexistent")]] {
            let config = Config::of(env, "").expect("valid");
            assert_eq!(secret_for(&config, "docker.io").await.expect("none"), None);
        }
    }

    #[tokio::test]
    async fn a_malformed_source_is_named_without_its_content() {
        let secret = STANDARD.encode("hunter2");
        for (content, reason) in [
            ("{\n  \"auths\": hunter2".to_owned(), "is not JSON at line 2"),
            (auths(json!({ "r.io": { "auth": "hunter2!" } })), "the entry `r.io` of `auths` in `"),
            (auths(json!({ "r.io": { "auth": secret } })), "`name:password` in base64"),
            (json!({ "credHelpers": { "r.io": 7 } }).to_string(), "should be the name of a helper"),
        ] {
            let error = in_file(&content, "r.io").await.expect_err(reason);
            let text = format!("{error:?}");
            assert!(error.is_image() && text.contains(reason) && text.contains("config.json`"), "{text}");
            assert!(!text.contains("hunter2") && !text.contains(&secret), "{text}");
        }
    }

    #[tokio::test]
    async fn a_helper_that_cannot_be_run_is_skipped_and_its_failure_is_kept_unless_an_entry_is_found() {
        let entry = json!({ "r.io": { "username": "u", "password": "p" } });
        for (key, helpers) in
            [("credsStore", json!("no-such-helper")), ("credHelpers", json!({ "r.io": "no-such-helper" }))]
        {
            let content = json!({ "auths": entry, key: helpers }).to_string();
            assert_eq!(in_file(&content, "r.io").await.expect("the entry"), password("u", "p"));
            let content = json!({ key: helpers }).to_string();
            let config = Config::of(&[("DOCKER_AUTH_CONFIG", &content)], "").expect("valid");
            let found = credentials_for(&config, "r.io").await.expect("it is skipped");
            let expected = format!(
                "credential helper `docker-credential-no-such-helper`: it is not on the `PATH` (`{key}` in \
                 `DOCKER_AUTH_CONFIG` names it)"
            );
            assert_eq!((found.secret, found.failure), (None, Some(expected)));
        }
    }

    #[test]
    fn credentials_are_not_printed() {
        let text = format!("{:?}", password("u", "hunter2"));
        assert!(!text.contains("hunter2"), "{text}");
    }

    proptest! {
        #[test]
        fn no_auth_panics(auth in ".*") {
            let _ = decode(&auth);
        }

        #[test]
        fn an_entry_of_docker_login_is_read(name in "[^:\0]{1,20}", secret in "[^\0]{0,20}") {
            let entry = json!({ "auth": STANDARD.encode(format!("{name}:{secret}")) });
            prop_assert_eq!(read_entry(&entry), Ok(password(&name, &secret)));
        }
    }
}
