//! Finds a container engine in the way the library does, and keeps why candidates before it were rejected.

use std::path::Path;

use bollard::Docker;

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// The address, in the form of `DOCKER_HOST`.
    pub(crate) url: String,
    /// The setting that the address comes from.
    pub(crate) source: String,
}

/// The result of a search for an engine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Located {
    pub(crate) found: Option<Endpoint>,
    /// The reason for each candidate that was rejected before, for people.
    pub(crate) rejected: Vec<String>,
}

/// Looks for an engine: the one in `DOCKER_HOST`, then the private engine at the address `private`, then those that the
/// library tries.
pub(crate) async fn locate(private: Option<&str>) -> Located {
    let mut located = Located::default();
    if std::env::var_os("DOCKER_HOST").is_none_or(|host| host.is_empty()) {
        match private {
            None => located.rejected.push("private engine: not running".into()),
            Some(url) => match seatrial::engine::Engine::at(url).await {
                Ok(_) => {
                    located.found = Some(Endpoint { url: url.into(), source: "private engine".into() });
                    return located;
                }
                Err(error) => located.rejected.push(format!("private engine: {error}")),
            },
        }
    }
    match seatrial::engine::Engine::find().await {
        Ok(engine) => {
            let here = engine.located();
            located.rejected.extend(here.rejected.iter().map(ToString::to_string));
            located.found = Some(Endpoint { url: here.endpoint.to_string(), source: here.source.clone() });
        }
        Err(error) => located.rejected.extend(error.to_string().lines().map(str::to_owned)),
    }
    located
}

/// Creates a client for an address in the form of `DOCKER_HOST`. Sends nothing.
pub(crate) fn connect(url: &str) -> Result<Docker, String> {
    if let Some(path) = url.strip_prefix("unix://")
        && !Path::new(path).exists()
    {
        return Err(format!("no socket at `{path}`"));
    }
    Docker::connect_with_host(url).map_err(|error| error.to_string().to_lowercase())
}
