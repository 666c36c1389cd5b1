//! Finds a container engine that answers, as the library does it, and says of each candidate before it why not.

use std::path::Path;

use bollard::Docker;

/// An engine that answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    /// As `DOCKER_HOST` has it.
    pub(crate) url: String,
    /// Where the address came from.
    pub(crate) source: String,
}

/// What was found, and a line for each that was refused before it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Located {
    pub(crate) found: Option<Endpoint>,
    pub(crate) refused: Vec<String>,
}

/// Looks for an engine: what `DOCKER_HOST` names, then `private`, which was started here, then what the library finds.
pub(crate) async fn locate(private: Option<&str>) -> Located {
    let mut located = Located::default();
    if std::env::var_os("DOCKER_HOST").is_none_or(|host| host.is_empty()) {
        match private {
            None => located.refused.push("private engine: none is up".into()),
            Some(url) => match seatrial::Engine::at(url).await {
                Ok(_) => {
                    located.found = Some(Endpoint { url: url.into(), source: "private engine".into() });
                    return located;
                }
                Err(error) => located.refused.push(format!("private engine: {error}")),
            },
        }
    }
    match seatrial::Engine::find().await {
        Ok(engine) => {
            let here = engine.located();
            located.refused.extend(here.rejected.iter().map(ToString::to_string));
            located.found = Some(Endpoint { url: here.endpoint.to_string(), source: here.source.clone() });
        }
        Err(error) => located.refused.extend(error.to_string().lines().map(str::to_owned)),
    }
    located
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
