//! The body of the request that creates the sidecar: a pure function.

use bollard::models::{ContainerCreateBody, HostConfig, Mount, MountType, PortBinding};
use seatrial_core::labels;

use crate::config::ReaperSettings;

/// The port that a reaper listens on in its container.
pub(super) const PORT: u16 = 8080;
/// The variable that holds the token.
pub(in crate::session::reaper) const TOKEN: &str = "REAPER_TOKEN";

/// The path of the engine's socket in the container.
const SOCKET: &str = "/var/run/docker.sock";

/// The input of [`body`].
pub(super) struct Context<'a> {
    pub(super) image: &'a str,
    pub(super) labels: &'a [(String, String)],
    /// The engine's socket, as the engine sees it.
    pub(super) socket: &'a str,
    /// The address to publish on.
    pub(super) publish_on: &'a str,
    pub(super) token: &'a str,
    pub(super) settings: &'a ReaperSettings,
}

/// Returns the body.
pub(super) fn body(context: &Context<'_>) -> ContainerCreateBody {
    let port = format!("{PORT}/tcp");
    let binding =
        PortBinding { host_ip: Some(context.publish_on.to_owned()), host_port: Some(String::new()) };
    let handed_on = context.settings.variables.iter().map(|(name, value)| format!("{name}={value}"));
    let token = format!("{TOKEN}={}", context.token);
    // A mount, not a bind: a bind would make a directory if there is no such socket.
    let socket = Mount {
        typ: Some(MountType::BIND),
        source: Some(context.socket.to_owned()),
        target: Some(SOCKET.to_owned()),
        ..Default::default()
    };
    let is_reaper = (labels::RYUK.to_owned(), "true".to_owned());
    ContainerCreateBody {
        image: Some(context.image.to_owned()),
        env: Some(handed_on.chain([token]).collect()),
        labels: Some(context.labels.iter().cloned().chain([is_reaper]).collect()),
        exposed_ports: Some(vec![port.clone()]),
        host_config: Some(HostConfig {
            // Nobody removes the reaper but the engine, at its end.
            auto_remove: Some(true),
            mounts: Some(vec![socket]),
            port_bindings: Some([(port, Some(vec![binding]))].into()),
            privileged: context.settings.privileged.then_some(true),
            ..Default::default()
        }),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn the_body_has_all_of_the_context() {
        let env = [("RYUK_RECONNECTION_TIMEOUT", "3s"), ("TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED", "1")];
        let settings = Config::of(&env, "").expect("valid").reaper;
        let body = body(&Context {
            image: "i",
            labels: &[(labels::SESSION.to_owned(), "s".to_owned())],
            socket: "/x/engine.sock",
            publish_on: "127.0.0.1",
            token: "t",
            settings: &settings,
        });
        assert_eq!(body.image.as_deref(), Some("i"));
        assert_eq!(body.env.expect("some"), ["RYUK_RECONNECTION_TIMEOUT=3s", "REAPER_TOKEN=t"]);
        let labels = body.labels.expect("some");
        assert_eq!(labels[labels::SESSION], "s");
        assert_eq!(labels[labels::RYUK], "true");
        let host = body.host_config.expect("some");
        assert_eq!((host.auto_remove, host.privileged), (Some(true), Some(true)));
        assert_eq!(host.mounts.expect("some")[0].source.as_deref(), Some("/x/engine.sock"));
        let bindings = host.port_bindings.expect("some")["8080/tcp"].clone().expect("some");
        assert_eq!(bindings[0].host_ip.as_deref(), Some("127.0.0.1"));
    }
}
