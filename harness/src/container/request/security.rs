//! Setters for what the container may do: privileges, capabilities, devices, kernel settings.

use bollard::models::{DeviceMapping, DeviceRequest};

use super::{ContainerRequest, texts};

impl ContainerRequest {
    /// Gives the container all privileges. Default: not.
    pub fn privileged(mut self) -> Self {
        self.host.privileged = Some(true);
        self
    }

    /// Adds a capability, `NET_ADMIN` for example. Default: the engine's set.
    pub fn cap_add(mut self, capability: impl Into<String>) -> Self {
        self.host.cap_add.get_or_insert_default().push(capability.into());
        self
    }

    /// Drops a capability, or `ALL`. Default: the engine's set.
    pub fn cap_drop(mut self, capability: impl Into<String>) -> Self {
        self.host.cap_drop.get_or_insert_default().push(capability.into());
        self
    }

    /// A security option, `no-new-privileges` or `seccomp=unconfined` for example. Default: the engine's.
    pub fn security_opt(mut self, option: impl Into<String>) -> Self {
        self.host.security_opt.get_or_insert_default().push(option.into());
        self
    }

    /// Makes a device of the engine's machine available at a path inside, to read, write and make nodes of. Default: none.
    pub fn device(mut self, host: impl Into<String>, container: impl Into<String>) -> Self {
        let device = DeviceMapping {
            path_on_host: Some(host.into()),
            path_in_container: Some(container.into()),
            cgroup_permissions: Some("rwm".to_owned()),
        };
        self.host.devices.get_or_insert_default().push(device);
        self
    }

    /// Asks for so many devices of a class, `gpu` for example; −1 for all. Default: none.
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

    /// A kernel setting of the container's own, `net.core.somaxconn` for example. Default: the engine's.
    pub fn sysctl(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.host.sysctls.get_or_insert_default().insert(key.into(), value.into());
        self
    }
}
