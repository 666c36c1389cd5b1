//! Converts a request to the engine's create body. It is a pure function, so tests can check that every option arrives.

use std::collections::HashMap;
use std::sync::Arc;

use bollard::models::{
    ContainerCreateBody, EndpointIpamConfig, EndpointSettings, HostConfig, HostConfigLogConfig, Mount,
    MountType, NetworkingConfig, PortBinding,
};

use super::super::command::{AGENT_DIRECTORY, ProgramVolume};
use super::super::places::Places;
use super::{Attachment, ContainerRequest, Publish, Runtime, publish};
use crate::config::Hidden;
use crate::wait::Declared;
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
    /// `true` if the container is kept in some case, so that the engine must not remove it.
    pub(in crate::container) may_be_kept: bool,
}

/// The create body and the calls that have to follow the creation.
#[derive(Clone, Debug)]
pub(in crate::container) struct Lowered {
    pub(in crate::container) body: ContainerCreateBody,
    /// `true` if the engine removes the container, with its log, as soon as it ends.
    pub(in crate::container) removes_itself: bool,
    /// The networks to connect after the creation: before API 1.44, a creation accepts only one.
    pub(in crate::container) more_networks: Vec<Attachment>,
    /// The program volume that the container mounts. It has to outlive the container, since the engine would otherwise
    /// create another one of its name.
    pub(in crate::container) program: Option<Arc<ProgramVolume>>,
    /// The places that the engine's archive does not reach.
    pub(in crate::container) places: Arc<Places>,
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
    publish_ports(&mut body, &mut host, &request.published, context)?;
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
    let host = body.host_config.get_or_insert_default();
    publish::check_bindings(host)?;
    request.restarts.check(host)?;
    if context.may_be_kept {
        // The engine would remove what is to be kept. The handle removes it instead.
        host.auto_remove = None;
    }
    let removes_itself = host.auto_remove == Some(true);
    let places = Arc::new(Places::of(host));
    request.wait.0.check_against(&declared(&body))?;
    Ok(Lowered { body, removes_itself, more_networks, program: request.program.clone(), places })
}

/// Collects the facts that decide whether a wait can be met.
fn declared(body: &ContainerCreateBody) -> Declared {
    let host = body.host_config.as_ref();
    let mode = host.and_then(|host| host.network_mode.as_deref()).unwrap_or_default();
    let is_open = host.and_then(|host| host.publish_all_ports) == Some(true)
        || mode == "host"
        || mode.starts_with("container:");
    let bindings = host.and_then(|host| host.port_bindings.as_ref()).into_iter().flatten();
    let bound =
        bindings.filter(|(_, bindings)| bindings.as_ref().is_some_and(|bindings| !bindings.is_empty()));
    let test = body.healthcheck.as_ref().and_then(|check| check.test.as_deref()).unwrap_or_default();
    Declared {
        published: (!is_open).then(|| bound.filter_map(|(port, _)| port.parse().ok()).collect()),
        has_disabled_health_check: test.first().is_some_and(|first| first == "NONE"),
    }
}

/// Checks everything that can be checked without an engine.
fn check(request: &ContainerRequest) -> Result<()> {
    if let Some(error) = &request.malformed {
        return Err(error.clone());
    }
    publish::check(&request.published)?;
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

fn publish_ports(
    body: &mut ContainerCreateBody,
    host: &mut bollard::models::HostConfig,
    published: &[Publish],
    context: &Context<'_>,
) -> Result<()> {
    for publish in published {
        let port = publish.port.to_string();
        let ip = publish.host_ip()?.map_or_else(|| context.publish_on.to_owned(), |ip| ip.to_string());
        let binding = PortBinding {
            host_ip: Some(ip),
            host_port: Some(publish.host_port.map(|port| port.to_string()).unwrap_or_default()),
        };
        let bindings = host.port_bindings.get_or_insert_default();
        bindings.entry(port.clone()).or_default().get_or_insert_default().push(binding);
        let exposed = body.exposed_ports.get_or_insert_default();
        if !exposed.contains(&port) {
            exposed.push(port);
        }
    }
    Ok(())
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

/// Returns the settings of one network, with the aliases and fixed addresses.
pub(in crate::container) fn endpoint(attachment: &Attachment) -> EndpointSettings {
    let ip = |is_v4: bool| attachment.ips.iter().find(|ip| ip.is_ipv4() == is_v4).map(ToString::to_string);
    let fixed =
        || EndpointIpamConfig { ipv4_address: ip(true), ipv6_address: ip(false), ..Default::default() };
    EndpointSettings {
        aliases: Some(attachment.aliases.clone()),
        ipam_config: (!attachment.ips.is_empty()).then(fixed),
        ..Default::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::HealthCheck;
    use crate::wait::WaitFor;

    /// Returns the runtime of a request if `SEATRIAL_RUNTIME` is `process` and the native runtime is `crun`.
    fn lowered(request: ContainerRequest, process: Option<&str>) -> Option<String> {
        let context = Context {
            may_be_kept: false,
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

    /// C6, C24: an HTTP wait without a single port, and a health wait with a disabled health check, are refused before
    /// anything is created.
    #[test]
    fn a_wait_that_the_request_rules_out_is_refused() {
        let context = Context {
            may_be_kept: false,
            proxies: &[],
            test: "test",
            image: "image",
            labels: &[],
            runtime: None,
            native_runtime: "runc",
            publish_on: "127.0.0.1",
            has_local_logs: true,
            file_dirs: &[],
        };
        let refusal = |request: ContainerRequest, wait: WaitFor| {
            lower(&request.wait_for(wait), &context).err().map(|error| error.to_string())
        };
        let request = || ContainerRequest::new("image");
        let http = || WaitFor::from(WaitFor::http("/"));
        for (request, wait, reason) in [
            (request(), http(), "no port is published"),
            (request().port(1).port(2), http(), "several ports are published"),
            (request().port(1), WaitFor::http("/").port(2).into(), "port 2/tcp, which is not published"),
            (request(), WaitFor::all([WaitFor::nothing(), http()]), "no port is published"),
            (request().health_check(HealthCheck::none()), WaitFor::healthy().into(), "no health check"),
        ] {
            let text = refusal(request, wait).expect("it is refused");
            assert!(text.contains(reason), "{text}");
        }
        for (request, wait) in [
            (request().port(1), http()),
            (request().port(1).port(2), WaitFor::http("/").port(2).into()),
            (request().publish_all(), http()),
            (request().network_mode("host"), http()),
            (request(), WaitFor::healthy().into()),
            (request(), WaitFor::any([http(), WaitFor::nothing()])),
        ] {
            assert_eq!(refusal(request, wait), None);
        }
    }
}
