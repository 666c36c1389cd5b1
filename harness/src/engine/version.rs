//! The engine's answer to `GET /version`, parsed. Requesting it is up to the caller.

use std::fmt;

use serde_json::Value;

use crate::words::{Error, Kind, Result};

/// The kind and version of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineVersion {
    /// The engine's own version, such as `20.10.24`.
    pub version: String,
    /// The newest API version that it supports, as (major, minor).
    pub api: (u16, u16),
    /// The product.
    pub kind: EngineKind,
    /// Its operating system in Docker's spelling: `linux`.
    pub os: String,
    /// Its architecture in Docker's spelling: `amd64`.
    pub arch: String,
}

/// The product behind an engine's API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EngineKind {
    /// Docker, or Moby.
    Docker,
    /// Podman.
    Podman,
    /// Another product with a compatible API.
    Other,
}

impl EngineVersion {
    /// Parses the answer to `GET /version`.
    ///
    /// # Errors
    /// Protocol, if it is not JSON or contains no API version, in which case the peer is not an engine.
    pub(crate) fn parse(body: &[u8]) -> Result<Self> {
        let answer: Value =
            serde_json::from_slice(body).map_err(|error| not_an_engine("is not JSON").with_source(error))?;
        let text = |key: &str| answer[key].as_str().unwrap_or_default().to_owned();
        let Some(api) = api(&text("ApiVersion")) else {
            return Err(not_an_engine("has no `ApiVersion` like `1.41`"));
        };
        Ok(Self { version: text("Version"), api, kind: kind(&answer), os: text("Os"), arch: text("Arch") })
    }
}

fn not_an_engine(why: &str) -> Error {
    Error::new(Kind::Protocol, format!("the answer to `GET /version` {why}"))
        .with_hint("check that the address belongs to a container engine")
}

fn api(text: &str) -> Option<(u16, u16)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// Determines the product by the component names. Podman's component is called `Podman Engine`.
fn kind(answer: &Value) -> EngineKind {
    let components = answer["Components"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut names = components.iter().filter_map(|component| component["Name"].as_str());
    if names.clone().any(|name| name.starts_with("Podman")) {
        return EngineKind::Podman;
    }
    if names.any(|name| name == "Engine") { EngineKind::Docker } else { EngineKind::Other }
}

impl fmt::Display for EngineVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self.kind {
            EngineKind::Docker => "Docker",
            EngineKind::Podman => "Podman",
            EngineKind::Other => "engine",
        };
        let Self { version, api: (major, minor), os, arch, .. } = self;
        write!(f, "{name} {version} (API {major}.{minor}, {os}/{arch})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn docker_and_podman_are_told_apart_by_their_components() {
        for (components, kind) in [
            (r#"[{"Name":"Engine"},{"Name":"containerd"}]"#, EngineKind::Docker),
            (r#"[{"Name":"Podman Engine"},{"Name":"Conmon"}]"#, EngineKind::Podman),
            (r#"[{"Name":"something"}]"#, EngineKind::Other),
            ("[]", EngineKind::Other),
            ("null", EngineKind::Other),
        ] {
            let body = format!(
                r#"{{"Version":"1.2.3","ApiVersion":"1.41","Os":"linux","Arch":"amd64","Components":{components}}}"#
            );
            let version = EngineVersion::parse(body.as_bytes()).expect("well-formed");
            assert_eq!(version.kind, kind, "{components}");
            assert_eq!((version.version.as_str(), version.api), ("1.2.3", (1, 41)));
        }
    }

    #[test]
    fn a_version_prints_what_a_log_line_needs() {
        let body = br#"{"Version":"5.8.0","ApiVersion":"1.41","Os":"linux","Arch":"arm64",
            "Components":[{"Name":"Podman Engine"}]}"#;
        let version = EngineVersion::parse(body).expect("well-formed");
        assert_eq!(version.to_string(), "Podman 5.8.0 (API 1.41, linux/arm64)");
    }

    #[test]
    fn api_versions_compare_as_numbers() {
        assert!(api("1.9") < api("1.41"));
    }

    #[test]
    fn an_answer_that_is_not_an_engine_s_is_refused() {
        for body in ["", "<html>", "null", "[]", "{}", r#"{"ApiVersion":"new"}"#, r#"{"ApiVersion":1.41}"#] {
            let error = EngineVersion::parse(body.as_bytes()).expect_err(body);
            assert!(error.is_protocol(), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(body in ".*") {
            let _ = EngineVersion::parse(body.as_bytes());
        }
    }
}
