//! Setters for limits: memory, CPU, processes, open files.

use bollard::models::ResourcesUlimits;

use super::ContainerRequest;

impl ContainerRequest {
    /// The most memory, in bytes; the engine wants at least 6 MiB. Default: no limit.
    pub fn memory(mut self, bytes: u64) -> Self {
        self.host.memory = Some(signed(bytes));
        self
    }

    /// Returns the most memory that the containers may use, in bytes; `None` if there is no limit, or a modifier sets it.
    #[must_use]
    pub fn memory_limit(&self) -> Option<u64> {
        self.host.memory.and_then(|bytes| u64::try_from(bytes).ok()).filter(|bytes| *bytes > 0)
    }

    /// The most memory and swap together, in bytes; equal to the memory for no swap. Default: the engine's, twice the memory.
    pub fn memory_swap(mut self, bytes: u64) -> Self {
        self.host.memory_swap = Some(signed(bytes));
        self
    }

    /// The most CPU, in thousandths of a core: a quota of so many × 100 µs in each period of 100 000 µs. Default: no limit.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.host.cpu_period = Some(100_000);
        self.host.cpu_quota = Some(i64::from(milli) * 100);
        self
    }

    /// The cores that it may run on, `0-1,3` for example. Default: all.
    pub fn cpuset(mut self, cores: impl Into<String>) -> Self {
        self.host.cpuset_cpus = Some(cores.into());
        self
    }

    /// The most processes. Default: no limit.
    pub fn pids_limit(mut self, processes: u32) -> Self {
        self.host.pids_limit = Some(processes.into());
        self
    }

    /// A limit per process, `nofile` for example. Default: the engine's.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        let limit = ResourcesUlimits { name: Some(name.into()), soft: Some(soft), hard: Some(hard) };
        self.host.ulimits.get_or_insert_default().push(limit);
        self
    }

    /// The size of `/dev/shm`, in bytes. Default: the engine's, 64 MiB.
    pub fn shm_size(mut self, bytes: u64) -> Self {
        self.host.shm_size = Some(signed(bytes));
        self
    }
}

/// The engine counts bytes in signed numbers.
fn signed(bytes: u64) -> i64 {
    bytes.try_into().unwrap_or(i64::MAX)
}
