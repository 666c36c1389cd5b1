//! New limits for a running container, as a value.

use bollard::models::ContainerUpdateBody;

/// New limits for a running container. Limits that are not set stay as they are.
#[derive(Clone, Debug, Default)]
#[must_use = "limits have no effect until they are applied to a container"]
pub struct Limits(ContainerUpdateBody);

impl Limits {
    /// Creates a set of limits that changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the memory, and memory and swap together, both in bytes. Default: unchanged.
    pub fn memory(mut self, bytes: u64, with_swap: u64) -> Self {
        self.0.memory = Some(bytes.try_into().unwrap_or(i64::MAX));
        self.0.memory_swap = Some(with_swap.try_into().unwrap_or(i64::MAX));
        self
    }

    /// Limits the CPU time, in thousandths of a core. Default: unchanged.
    pub fn milli_cpus(mut self, milli: u32) -> Self {
        self.0.cpu_period = Some(100_000);
        self.0.cpu_quota = Some(i64::from(milli) * 100);
        self
    }

    /// Limits the number of processes. Default: unchanged.
    pub fn pids_limit(mut self, processes: u32) -> Self {
        self.0.pids_limit = Some(processes.into());
        self
    }

    pub(super) fn into_body(self) -> ContainerUpdateBody {
        self.0
    }
}
