//! Converts a request to the engine's create body. It is a pure function, so tests can check that every option arrives.

use std::collections::HashMap;
use std::sync::Arc;

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HostConfig, HostConfigLogConfig, Mount, MountType,
    NetworkingConfig, PortBinding,
};

use super::super::command::{AGENT_DIRECTORY, ProgramVolume};
use super::{Attachment, ContainerRequest, Publish, Runtime};
use crate::config::Hidden;
use crate::words::{Error, Result};

/// The input of the conversion besides the request.
pub(in crate::container) struct Context<'a> {
    pub(in crate::container) test: &'a str,
    pub(in crate::container) image: &'a str,
    /// The session's labels.
    pub(in crate::container) labels: &'a [(String, String)],
    /// The runtime set by `SEATRIAL_RUNTIME`, if any.
    pub(in crate::container) runtime: Option<&'a str>,
    pub(in crate::container) native_runtime: &'a str,
    /// The address to publish ports on, the narrowest one that works.
    pub(in crate::container) publish_on: &'a str,
    /// `true` if the engine has the `local` log driver.
    pub(in crate::container) has_local_logs: bool,
    /// The temporary directories with the request's mounted files, in their order.
    pub(in crate::container) file_dirs: &'a [String],
    /// The proxies that Docker's configuration has for containers, as variables.
    pub(in crate::container) proxies: &'a [(String, Hidden)],
}

/// The create body and the calls that have to follow the creation.
#[derive(Clone, Debug)]
pub(in crate::container) struct Lowered {
    pub(in crate::container) body: ContainerCreateBody,
    /// The networks to connect after the creation: before API 1.44, a creation accepts only one.
    pub(in crate::container) more_networks: Vec<Attachment>,
    /// The program volume that the container mounts. It has to outlive the container, since the engine would otherwise
    /// create another one of its name.
    pub(in crate::container) program: Option<Arc<ProgramVolume>>,
}

/// Converts a request. The same request and context always yield the same body.
pub(in crate::container) fn lower(request: &ContainerRequest, context: &Context<'_>) -> Result<Lowered> {
    check(request)?;
    let mut body = request.body.clone();
    let mut host = request.host.clone();
    body.image = Some(context.image.to_owned());
    label(&mut body, context)?;
    name_the_test(&mut body, context.test);
    if request.has_docker_proxies {
        set_proxies(&mut body, context.proxies);
    }
    publish(&mut body, &mut host, &request.published, context);
    host.runtime = runtime(&request.runtime, request.runtime_suffix.as_deref(), context);
    if host.log_config.is_none() && context.has_local_logs {
        host.log_config = Some(readable_logs());
    }
    if host.readonly_rootfs == Some(true) && !has_the_agent(&host) {
        host.mounts.get_or_insert_default().push(for_the_agent());
    }
    for (files, dir) in request.files.iter().zip(context.file_dirs) {
        host.mounts.get_or_insert_default().push(Mount {
            typ: Some(MountType::BIND),
            source: Some(dir.clone()),
            target: Some(files.target.clone()),
            read_only: Some(!files.writable),
            ..Default::default()
        });
    }
    let more_networks = join(&mut body, &mut host, &request.networks);
    if let Some(modify) = &request.modify_host {
        modify.apply(&mut host);
    }
    body.host_config = Some(host);
    if let Some(modify) = &request.modify_body {
        modify.apply(&mut body);
    }
    request.restarts.check(body.host_config.as_ref().unwrap_or(&HostConfig::default()))?;
    Ok(Lowered { body, more_networks, program: request.program.clone() })
}

/// Checks everything that can be checked without an engine.
fn check(request: &ContainerRequest) -> Result<()> {
    for (index, publish) in request.published.iter().enumerate() {
        for other in &request.published[..index] {
            if publish.port == other.port && publish.ip == other.ip && publish.host_port == other.host_port {
                return Err(Error::invalid(format!(
                    "port {} is published twice; publish it once, or on two addresses with `publish_on`",
                    publish.port
                )));
            }
            if publish.host_port.is_some() && publish.host_port == other.host_port && publish.ip == other.ip {
                return Err(Error::invalid(format!(
                    "ports {} and {} are both to be published on port {} of the host; give them different ports, or let the engine choose",
                    other.port,
                    publish.port,
                    publish.host_port.unwrap_or_default()
                )));
            }
        }
    }
    if !request.networks.is_empty() && request.host.network_mode.is_some() {
        return Err(Error::invalid(
            "the request has both a network mode and networks, which exclude each other; remove one",
        ));
    }
    if request.body.cmd.as_ref().is_some_and(Vec::is_empty) && request.body.entrypoint.is_none() {
        return Err(Error::invalid("the command is an empty list; leave it out to run the image's command"));
    }
    request.wait.0.check()
}

fn label(body: &mut ContainerCreateBody, context: &Context<'_>) -> Result<()> {
    let labels: &mut HashMap<_, _> = body.labels.get_or_insert_default();
    if let Some(key) = labels.keys().find(|key| seatrial_core::labels::is_reserved(key)) {
        return Err(Error::invalid(format!(
            "label `{key}` is reserved for the cleanup; choose a key that does not begin with \
             `org.testcontainers` or `seatrial.`"
        )));
    }
    labels.extend(context.labels.iter().cloned());
    labels.insert(seatrial_core::labels::TEST.to_owned(), context.test.to_owned());
    Ok(())
}

/// Sets `SEATRIAL_TEST_NAME` to the test's name, unless the request sets it.
fn name_the_test(body: &mut ContainerCreateBody, test: &str) {
    let env = body.env.get_or_insert_default();
    if !env.iter().any(|pair| pair.starts_with("SEATRIAL_TEST_NAME=")) {
        env.push(format!("SEATRIAL_TEST_NAME={test}"));
    }
}

/// Sets the proxies, except those that the request sets.
fn set_proxies(body: &mut ContainerCreateBody, proxies: &[(String, Hidden)]) {
    let env = body.env.get_or_insert_default();
    for (name, value) in proxies {
        if !env.iter().any(|pair| pair.split('=').next() == Some(name)) {
            env.push(format!("{name}={}", value.reveal()));
        }
    }
}

fn publish(
    body: &mut ContainerCreateBody,
    host: &mut bollard::models::HostConfig,
    published: &[Publish],
    context: &Context<'_>,
) {
    for publish in published {
        let port = publish.port.to_string();
        let ip = match publish.ip.as_str() {
            "" => context.publish_on,
            ip => ip,
        };
        let binding = PortBinding {
            host_ip: Some(ip.to_owned()),
            host_port: Some(publish.host_port.map(|port| port.to_string()).unwrap_or_default()),
        };
        let bindings = host.port_bindings.get_or_insert_default();
        bindings.entry(port.clone()).or_default().get_or_insert_default().push(binding);
        let exposed = body.exposed_ports.get_or_insert_default();
        if !exposed.contains(&port) {
            exposed.push(port);
        }
    }
}

/// Returns the runtime to request. A suffix selects a variant of the runtime in force. If none is chosen, that is
/// assumed to be the native one, since only the engine knows its default.
fn runtime(asked: &Runtime, suffix: Option<&str>, context: &Context<'_>) -> Option<String> {
    let in_force = match asked {
        Runtime::Native => return Some(context.native_runtime.to_owned()),
        Runtime::Default => context.runtime,
        Runtime::Named(name) => Some(name.as_str()),
    };
    match suffix {
        Some(suffix) => Some(format!("{}{suffix}", in_force.unwrap_or(context.native_runtime))),
        None => in_force.map(str::to_owned),
    }
}

/// Returns `true` if the agent's directory is mounted already.
fn has_the_agent(host: &HostConfig) -> bool {
    host.mounts.iter().flatten().any(|mount| mount.target.as_deref() == Some(AGENT_DIRECTORY))
}

/// Returns a volume for the program that kills commands, since nothing can be copied into a read-only root later.
fn for_the_agent() -> Mount {
    Mount { typ: Some(MountType::VOLUME), target: Some(AGENT_DIRECTORY.to_owned()), ..Default::default() }
}

/// Returns log options with which the log can be read, no line is dropped, and the size is limited.
fn readable_logs() -> HostConfigLogConfig {
    let options = [("mode", "blocking"), ("max-size", "20m"), ("max-file", "5")];
    HostConfigLogConfig {
        typ: Some("local".to_owned()),
        config: Some(options.map(|(key, value)| (key.to_owned(), value.to_owned())).into()),
    }
}

/// Puts the first network into the body, and returns the others, which are connected after the creation.
fn join(
    body: &mut ContainerCreateBody,
    host: &mut bollard::models::HostConfig,
    networks: &[Attachment],
) -> Vec<Attachment> {
    let Some((first, more)) = networks.split_first() else { return Vec::new() };
    host.network_mode = Some(first.network.clone());
    let settings = endpoint(first);
    body.networking_config =
        Some(NetworkingConfig { endpoints_config: Some([(first.network.clone(), settings)].into()) });
    more.to_vec()
}

/// Returns the settings of one network, with the aliases.
pub(in crate::container) fn endpoint(attachment: &Attachment) -> EndpointSettings {
    EndpointSettings { aliases: Some(attachment.aliases.clone()), ..Default::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the runtime of a request if `SEATRIAL_RUNTIME` is `process` and the native runtime is `crun`.
    fn lowered(request: ContainerRequest, process: Option<&str>) -> Option<String> {
        let context = Context {
            test: "test",
            image: "image",
            labels: &[],
            runtime: process,
            native_runtime: "crun",
            publish_on: "127.0.0.1",
            has_local_logs: true,
            file_dirs: &[],
            proxies: &[],
        };
        lower(&request, &context).expect("it can be").body.host_config.expect("it is set").runtime
    }

    /// C5: a runtime suffix applies to the runtime in force, unless the request uses the native one.
    #[test]
    fn a_suffix_is_that_of_the_runtime_in_force_unless_the_native_one_is_insisted_on() {
        let request = || ContainerRequest::new("image");
        for (request, process, runtime) in [
            (request(), None, None),
            (request(), Some("runsc"), Some("runsc")),
            (request().runtime("kata"), Some("runsc"), Some("kata")),
            (request().runtime_suffix("-d"), Some("runsc"), Some("runsc-d")),
            (request().runtime("kata").runtime_suffix("-d"), Some("runsc"), Some("kata-d")),
            (request().runtime_suffix("-d").runtime("kata"), None, Some("kata-d")),
            (request().runtime_suffix("-d"), None, Some("crun-d")),
            (request().runtime_suffix("-d").native_runtime(), Some("runsc"), Some("crun")),
        ] {
            assert_eq!(lowered(request.clone(), process).as_deref(), runtime, "{request:?} {process:?}");
        }
    }
}
