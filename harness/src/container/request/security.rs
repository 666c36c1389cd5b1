//! Setters for privileges: capabilities, devices, kernel parameters.

use bollard::models::{DeviceMapping, DeviceRequest};

use super::{ContainerRequest, texts};

impl ContainerRequest {
    /// Runs the container in privileged mode. Default: unprivileged.
    pub fn privileged(mut self) -> Self {
        self.host.privileged = Some(true);
        self
    }

    /// Adds a capability, for example `NET_ADMIN`. Default: the engine's set.
    pub fn cap_add(mut self, capability: impl Into<String>) -> Self {
        self.host.cap_add.get_or_insert_default().push(capability.into());
        self
    }

    /// Drops a capability, or all with `ALL`. Default: the engine's set.
    pub fn cap_drop(mut self, capability: impl Into<String>) -> Self {
        self.host.cap_drop.get_or_insert_default().push(capability.into());
        self
    }

    /// Returns `true` if its containers can run [isolated cases](crate::Case::isolated), which need a privileged
    /// container or the capability `SYS_ADMIN`. The effect of a modifier is unknown, so a request with one returns
    /// `true`.
    #[must_use]
    pub fn may_isolate(&self) -> bool {
        const NEEDED: &str = "SYS_ADMIN";
        let has = |list: &Option<Vec<String>>, wanted: &str| {
            list.iter().flatten().any(|capability| {
                let capability = capability.to_ascii_uppercase();
                capability.strip_prefix("CAP_").unwrap_or(&capability) == wanted
            })
        };
        let (added, dropped) = (&self.host.cap_add, &self.host.cap_drop);
        let has_it = match has(added, "ALL") {
            true => !has(dropped, NEEDED),
            false => has(added, NEEDED),
        };
        let is_modified = self.modify_host.is_some() || self.modify_body.is_some();
        self.host.privileged == Some(true) || has_it || is_modified
    }

    /// Adds a security option, for example `no-new-privileges` or `seccomp=unconfined`. Default: the engine's.
    pub fn security_opt(mut self, option: impl Into<String>) -> Self {
        self.host.security_opt.get_or_insert_default().push(option.into());
        self
    }

    /// Makes a device of the engine's machine available at a path in the container, with permission to read, write and
    /// mknod.
    pub fn device(mut self, host: impl Into<String>, container: impl Into<String>) -> Self {
        let device = DeviceMapping {
            path_on_host: Some(host.into()),
            path_in_container: Some(container.into()),
            cgroup_permissions: Some("rwm".to_owned()),
        };
        self.host.devices.get_or_insert_default().push(device);
        self
    }

    /// Requests a number of devices of a class, for example `gpu`; −1 for all.
    pub fn device_request<T: Into<String>>(
        mut self,
        count: i64,
        capabilities: impl IntoIterator<Item = T>,
    ) -> Self {
        let request = DeviceRequest {
            count: Some(count),
            capabilities: Some(vec![texts(capabilities)]),
            ..Default::default()
        };
        self.host.device_requests.get_or_insert_default().push(request);
        self
    }

    /// Sets a kernel parameter in the container's namespaces, for example `net.core.somaxconn`. Default: the engine's.
    pub fn sysctl(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.host.sysctls.get_or_insert_default().insert(key.into(), value.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R21: *pure*. A request knows whether its containers can run isolated cases.
    #[test]
    fn a_request_knows_whether_its_containers_may_isolate() {
        let plain = || ContainerRequest::new("x");
        for (request, may) in [
            (plain(), false),
            (plain().cap_add("NET_ADMIN").cap_drop("SYS_ADMIN"), false),
            (plain().cap_add("ALL").cap_drop("cap_sys_admin"), false),
            (plain().cap_add("SYS_ADMIN"), true),
            (plain().cap_drop("ALL").cap_add("cap_sys_admin"), true),
            (plain().cap_add("all"), true),
            (plain().privileged(), true),
            (plain().modify_host_config(|host| host.privileged = Some(true)), true),
        ] {
            assert_eq!(request.may_isolate(), may, "{request:?}");
        }
    }
}
