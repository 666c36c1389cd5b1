//! Every environment variable and property that is read, as data: the tables of the README are checked against it.
//!
//! What the values mean is for `config.rs`.

/// The environment variables that Seatrial reads, with what each does.
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
    ("XDG_RUNTIME_DIR", "where rootless engines put their sockets"),
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
    ("SEATRIAL_SESSION_ID", "the session that this process belongs to; by default found out"),
    ("TESTCONTAINERS_SESSION_ID", "the same, in the ecosystem's spelling"),
    ("NEXTEST_RUN_ID", "the session under `cargo nextest`, which sets it"),
];

/// The keys of `~/.testcontainers.properties` that Seatrial reads, with the variable that wins over each.
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
];

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = include_str!("../../README.md");

    /// The first cells of the README's rows that are like the one given.
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
