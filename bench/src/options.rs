//! The command line.

use clap::{Parser, ValueEnum};

/// Measures Seatrial against its peers and the bare API, in one run, and prints Markdown tables.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// What to measure; all of it if nothing is named.
    pub(crate) names: Vec<Name>,
    /// How many rounds, after one to warm up; by default 15, 5 for `remove-many` and `prune`, 3 for `watch`. `runner-memory`
    /// is one.
    #[arg(long)]
    pub(crate) rounds: Option<usize>,
    /// The image with the program whose output is waited for.
    #[arg(long, default_value = "seatrial/misbehave:dev")]
    pub(crate) image: String,
    /// How many containers `remove-many` and `prune` remove.
    #[arg(long, default_value_t = 50)]
    pub(crate) many: usize,
    /// How many MiB `copy-in` copies.
    #[arg(long, default_value_t = 1024)]
    pub(crate) copy_mib: u64,
}

/// What can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Name {
    /// From start to ready, with a published port and a log wait.
    Start,
    /// The requests that one container's life makes, counted in front of the engine's socket.
    Requests,
    /// From the printing of a line to the return of the wait for it.
    LogWait,
    /// How long a drop, or a removal, holds the caller.
    Drop,
    /// From the drop of many containers until the last one is gone.
    RemoveMany,
    /// A command that ends at once, one at a time and in parallel.
    Exec,
    /// A case that ends at once: by the agent, beside a process of the host, the engine's exec and a fresh container.
    Cases,
    /// How the agent gets into a container and is spoken to: by exec, as the main process, over a socket.
    CaseTransport,
    /// From a command's deadline until it is gone, with what it has started.
    ExecTimeout,
    /// The reaper's prune of many containers with volumes, on a few networks.
    Prune,
    /// The reaper's size, start and memory.
    Reaper,
    /// Leases of a pool beside the well-known pools, exclusive ones, and the start of a pool.
    Pool,
    /// Copying a large file in: throughput and memory.
    CopyIn,
    /// Monitoring many containers, beside the bare streams.
    Watch,
    /// The memory of `seatrial run` with 100 000 cases.
    RunnerMemory,
    /// The crates that a dependency brings with it.
    Crates,
}

impl Options {
    /// What was asked for, in the order of the document.
    pub(crate) fn selected(&self) -> Vec<Name> {
        let all = Name::value_variants();
        all.iter().copied().filter(|name| self.names.is_empty() || self.names.contains(name)).collect()
    }

    /// The rounds asked for, or this many.
    pub(crate) fn rounds_or(&self, default: usize) -> usize {
        self.rounds.unwrap_or(default)
    }
}
