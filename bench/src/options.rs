//! The command line options.

use clap::{Parser, ValueEnum};

/// Measures Seatrial, its peers and the raw engine API in one run, and prints Markdown tables.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// The scenarios to measure [default: all].
    pub(crate) names: Vec<Name>,
    /// The number of rounds after a warm-up round [default: 15, 5 for `remove-many` and `prune`, 3 for `watch`].
    /// `runner-memory` always has one round.
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// The image of the containers, which has the program `misbehave`.
    #[arg(long, default_value = "seatrial/misbehave:dev")]
    pub(crate) image: String,
    /// The number of containers that `remove-many` and `prune` remove.
    #[arg(long, default_value_t = 50)]
    pub(crate) many: usize,
    /// The size of the file that `copy-in` copies, in MiB.
    #[arg(long, default_value_t = 1024)]
    pub(crate) copy_mib: u64,
}

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// The time from start to ready, with a published port and a log wait.
    Start,
    /// The requests of one container from start to removal, counted by a proxy.
    Requests,
    /// The time from the output of a line to the return of the wait for it.
    LogWait,
    /// The time that a drop or a removal blocks the caller.
    Drop,
    /// The time from the drop of many containers until the last one is removed.
    RemoveMany,
    /// A command that exits at once, one at a time and in parallel.
    Exec,
    /// A case that exits at once: run by the agent, as a process of the host, by the engine's exec, and in a new
    /// container.
    Cases,
    /// The transports of the agent: an exec, the main process, a socket.
    CaseTransport,
    /// The time from a command's deadline until it has ended with all its processes.
    ExecTimeout,
    /// The reaper's removal of many containers with volumes, on a few networks.
    Prune,
    /// The reaper's size, start time and memory.
    Reaper,
    /// Leases of a pool and of well-known pools, exclusive leases, and the start of a pool.
    Pool,
    /// A copy of a large file into a container: throughput and memory.
    CopyIn,
    /// The monitoring of many containers, compared with reading the raw streams.
    Watch,
    /// The memory of `seatrial run` with 100 000 cases.
    RunnerMemory,
    /// The crates that a dependency adds.
    Crates,
}

impl Options {
    /// Returns the selected scenarios, in the order of the document.
    pub(crate) fn selected(&self) -> Vec<Name> {
        let all = Name::value_variants();
        all.iter().copied().filter(|name| self.names.is_empty() || self.names.contains(name)).collect()
    }

    /// Returns the number of rounds from the command line, or the default.
    pub(crate) fn rounds_or(&self, default: usize) -> usize {
        self.rounds.unwrap_or(default)
    }
}
