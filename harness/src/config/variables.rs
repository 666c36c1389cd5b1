//! The table of all environment variables and properties that are read. A test compares README.md's tables with it.
//!
//! Parsing the values is up to `config.rs`.

/// The environment variables that Seatrial reads, each with its description.
pub(crate) const VARIABLES: &[(&str, &str)] = &[
    ("DOCKER_HOST", "where the engine listens: `unix:///path` or `tcp://host:port`"),
    ("DOCKER_CONTEXT", "the Docker context to take the engine from, unless `DOCKER_HOST` is set"),
    ("DOCKER_TLS", "`true` speaks TLS to a `tcp://` engine, without checking its certificate"),
    ("DOCKER_TLS_VERIFY", "`1` speaks TLS to a `tcp://` engine and checks its certificate; `0` does neither"),
    (
        "DOCKER_CERT_PATH",
        "the folder with `ca.pem`, `cert.pem` and `key.pem` for TLS; by default the one of `DOCKER_CONFIG`",
    ),
    ("DOCKER_CONFIG", "the folder with Docker's `config.json` and contexts; by default `~/.docker`"),
    ("DOCKER_AUTH_CONFIG", "registry credentials: the content of a `config.json`, asked before the file"),
    ("HOME", "where `~` is"),
    ("XDG_RUNTIME_DIR", "where rootless engines put their sockets, and a reaper process its address"),
    ("SEATRIAL_HOST", "the host at which published ports are reachable; by default found out"),
    ("TESTCONTAINERS_HOST_OVERRIDE", "the same, in the ecosystem's spelling"),
    (
        "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE",
        "the engine's socket as seen by the engine, to mount into sidecars",
    ),
    ("SEATRIAL_RUNTIME", "the runtime of every container that does not choose one, as `runsc`"),
    (
        "SEATRIAL_NATIVE_RUNTIME",
        "the runtime of containers that insist on the engine's own; by default `runc`",
    ),
    ("SEATRIAL_KEEP", "which containers stay at the end: `always`, `on-failure` or `never`, the default"),
    ("SEATRIAL_PULL", "when images are pulled: `missing`, the default, `always` or `never`"),
    ("TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX", "put before the names of Docker Hub's images, to use a mirror"),
    ("SEATRIAL_STARTUP_TIMEOUT", "how long a container may take to become ready, as `90s`; by default `60s`"),
    ("SEATRIAL_REQUEST_TIMEOUT", "how long the engine may take to answer one request; by default `30s`"),
    ("SEATRIAL_PARALLELISM", "how many starts and removals may be under way at once; by default `8`"),
    (
        "SEATRIAL_HOST_PARALLELISM",
        "how many starts may be under way at once on this machine, over all processes of a user; by default not bounded",
    ),
    (
        "SEATRIAL_POOL_SIZE",
        "how many containers a pool has that does not say; by default one per core, at most `8`",
    ),
    (
        "SEATRIAL_POOL_SLOW_WAIT",
        "after how long a wait for a pool is reported on stderr, as `2m`, or `off`; by default `30s`",
    ),
    ("SEATRIAL_SESSION_ID", "the session that this process belongs to; by default found out"),
    ("TESTCONTAINERS_SESSION_ID", "the same, in the ecosystem's spelling"),
    ("NEXTEST_RUN_ID", "the session under `cargo nextest`, which sets it"),
    ("SEATRIAL_REAPER", "what cleans up after a killed process: `sidecar`, the default, `process` or `off`"),
    (
        "SEATRIAL_REAPER_IMAGE",
        "the image of the reaper's sidecar; by default `seatrial/reaper` of this version",
    ),
    ("TESTCONTAINERS_RYUK_DISABLED", "`true` is `SEATRIAL_REAPER=off`, in the ecosystem's spelling"),
    ("TESTCONTAINERS_RYUK_CONTAINER_IMAGE", "`SEATRIAL_REAPER_IMAGE`, in the ecosystem's spelling"),
    ("RYUK_CONTAINER_IMAGE", "the same, in Testcontainers' older spelling"),
    ("TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED", "`true` runs the reaper's sidecar privileged"),
    ("TESTCONTAINERS_RYUK_PRIVILEGED", "the same, in another spelling of Testcontainers"),
    ("RYUK_CONNECTION_TIMEOUT", "how long a reaper waits for its first client; by default `60s`"),
    (
        "RYUK_RECONNECTION_TIMEOUT",
        "how long a reaper waits for clients to come back, which may be `0s`; by default `10s`",
    ),
    ("RYUK_VERBOSE", "`true` has a reaper say more in its log"),
];

/// The keys of `~/.testcontainers.properties` that Seatrial reads, each with the variable that takes precedence over
/// it.
pub(crate) const PROPERTIES: &[(&str, &str)] = &[
    ("tc.host", "DOCKER_HOST"),
    ("docker.host", "DOCKER_HOST"),
    ("docker.tls", "DOCKER_TLS"),
    ("docker.tls.verify", "DOCKER_TLS_VERIFY"),
    ("docker.cert.path", "DOCKER_CERT_PATH"),
    ("docker.config", "DOCKER_CONFIG"),
    ("docker.auth.config", "DOCKER_AUTH_CONFIG"),
    ("host.override", "TESTCONTAINERS_HOST_OVERRIDE"),
    ("docker.socket.override", "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE"),
    ("hub.image.name.prefix", "TESTCONTAINERS_HUB_IMAGE_NAME_PREFIX"),
    ("ryuk.disabled", "TESTCONTAINERS_RYUK_DISABLED"),
    ("ryuk.container.image", "TESTCONTAINERS_RYUK_CONTAINER_IMAGE"),
    ("ryuk.container.privileged", "TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED"),
    ("ryuk.connection.timeout", "RYUK_CONNECTION_TIMEOUT"),
    ("ryuk.reconnection.timeout", "RYUK_RECONNECTION_TIMEOUT"),
    ("ryuk.verbose", "RYUK_VERBOSE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../README.md");

    /// Returns the first cells of README.md's table rows that `is_like` accepts.
    fn described(is_like: impl Fn(&str) -> bool) -> Vec<&'static str> {
        let rows = README.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        rows.filter(|name| is_like(name)).collect()
    }

    #[test]
    fn the_readme_describes_each_variable_and_no_other() {
        for (name, meaning) in VARIABLES {
            let row = format!("| `{name}` | {meaning} |");
            assert!(README.lines().any(|line| line == row), "README.md lacks this row:\n{row}");
        }
        let of_variables = |name: &str| name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert_eq!(described(of_variables).len(), VARIABLES.len());
    }

    #[test]
    fn the_readme_describes_each_property_and_no_other() {
        for (property, variable) in PROPERTIES {
            let row = format!("| `{property}` | `{variable}` |");
            assert!(README.lines().any(|line| line == row), "README.md lacks this row:\n{row}");
        }
        assert_eq!(
            described(|name| name.contains('.') && !name.contains(['(', ':'])).len(),
            PROPERTIES.len()
        );
    }

    #[test]
    fn no_name_is_listed_twice() {
        for table in [VARIABLES, PROPERTIES] {
            let mut names: Vec<_> = table.iter().map(|(name, _)| name).collect();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), table.len());
        }
    }

    #[test]
    fn each_property_belongs_to_a_variable() {
        for (property, variable) in PROPERTIES {
            assert!(VARIABLES.iter().any(|(name, _)| name == variable), "{property}: {variable}");
        }
    }
}
