//! Setters for limits: memory, CPU, processes, open files.

use bollard::models::ResourcesUlimits;

use super::ContainerRequest;

impl ContainerRequest {
    /// Limits the memory, in bytes, at least 6 MiB. Default: no limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.host.memory = Some(signed(bytes));
        self
    }

    /// Returns the memory limit of each container, in bytes; `None` if there is no limit, or a modifier sets it.
    #[must_use]
    pub fn memory_limit(&self) -> Option<u64> {
        self.host.memory.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0)
    }

    /// Limits memory and swap together, in bytes. Set it to the memory limit for no swap. Default: the engine's, twice
    /// the memory limit.
    pub fn memory_swap(mut self, bytes: u64) -> Self {
        self.host.memory_swap = Some(signed(bytes));
        self
    }

    /// Limits the CPU time, in thousandths of a core: a quota of `milli` × 100 µs per period of 100 ms. Default: no
    /// limit.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.host.cpu_period = Some(100_000);
        self.host.cpu_quota = Some(i64::from(milli) * 100);
        self
    }

    /// Sets the cores to run on, for example `0-1,3`. Default: all.
    pub fn cpuset(mut self, cores: impl Into<String>) -> Self {
        self.host.cpuset_cpus = Some(cores.into());
        self
    }

    /// Limits the number of processes. Default: no limit.
    pub fn pids_limit(mut self, processes: u32) -> Self {
        self.host.pids_limit = Some(processes.into());
        self
    }

    /// Sets a resource limit per process, for example `nofile`. Default: the engine's.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        let limit = ResourcesUlimits { name: Some(name.into()), soft: Some(soft), hard: Some(hard) };
        self.host.ulimits.get_or_insert_default().push(limit);
        self
    }

    /// Sets the size of `/dev/shm`, in bytes. Default: the engine's, 64 MiB.
    pub fn shm_size(mut self, bytes: u64) -> Self {
        self.host.shm_size = Some(signed(bytes));
        self
    }
}

/// Converts a number of bytes to the engine's signed type.
fn signed(bytes: u64) -> i64 {
    bytes.try_into().unwrap_or(i64::MAX)
}
