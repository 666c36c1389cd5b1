//! A copy of a large file into a container: throughput and memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::child::{self, Client};
use crate::context::{Context, IDLE};
use crate::raw::Raw;
use crate::rounds::{Variant, interleaved};
use crate::runtime::RuntimeKind;
use crate::table::{self, Column};
use crate::{ours, peer, usage};

const COLUMNS: &[Column] = &[
    Column { name: "time, ms", decimals: 0 },
    Column { name: "MiB/s", decimals: 0 },
    Column { name: "peak RSS, MiB", decimals: 1 },
    Column { name: "our CPU, ms", decimals: 0 },
];
/// The path of the copy.
const TARGET: &str = "/copied";

/// The point in time of the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Moment {
    /// The container is running.
    Running,
    /// The copy is a part of the start, which is measured as a whole.
    Start,
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("source");
    write_noise(&file, context.options.copy_mib)?;
    let path = file.to_str().context("the temporary folder's path is text")?;
    let variant = |name: &str, client: Client, moment: &'static str| {
        Variant::new(name, move || {
            child::measure(&["copy-in", client.word(), moment, path, context.image()], None)
        })
    };
    let variants = vec![
        variant("raw API: PUT, running", Client::Raw, "running"),
        variant("Seatrial: copy_in, running", Client::Ours, "running"),
        variant("raw API: create, PUT, start", Client::Raw, "start"),
        variant("Seatrial: start with copy_in", Client::Ours, "start"),
        variant("testcontainers-rs 0.28: start with copy_to", Client::Testcontainers, "start"),
    ];
    let series = interleaved("copy in", variants, context.options.rounds_or(15));
    Ok(format!(
        "## Copying {} MiB in\n\nEach in a process of its own, with CPU time and memory of the whole process. testcontainers can \
         copy only\nbefore the start, so the whole start is measured there.\n\n{}",
        context.options.copy_mib,
        table::of_series(COLUMNS, &series)
    ))
}

/// Copies one file, in a child process.
pub(crate) fn once(client: Client, moment: Moment, file: &Path, image: &str) -> Result<Vec<f64>> {
    let mib = file.metadata()?.len() as f64 / f64::from(1 << 20);
    let runtime = RuntimeKind::CurrentThread.build()?;
    let seconds = match (client, moment) {
        (Client::Raw, moment) => raw_copy(moment, file, image)?,
        (Client::Ours, Moment::Running) => runtime.block_on(async {
            let container = ours::start(image, IDLE).await?;
            let start = Instant::now();
            let copied = ours::copy_in(&container, file, TARGET).await;
            let seconds = start.elapsed().as_secs_f64();
            ours::remove(container).await?;
            copied.map(|()| seconds)
        })?,
        (Client::Ours, Moment::Start) => runtime.block_on(async {
            let start = Instant::now();
            let container = ours::start_with_file(image, IDLE, file, TARGET).await?;
            let seconds = start.elapsed().as_secs_f64();
            ours::remove(container).await.map(|()| seconds)
        })?,
        (Client::Testcontainers, Moment::Start) => runtime.block_on(async {
            let start = Instant::now();
            let container = peer::start_with_file(image, IDLE, file, TARGET).await?;
            let seconds = start.elapsed().as_secs_f64();
            peer::remove(container).await.map(|()| seconds)
        })?,
        (Client::Testcontainers, Moment::Running) => {
            bail!("testcontainers-rs can copy only before the start")
        }
    };
    Ok(vec![seconds * 1e3, mib / seconds, usage::peak_rss_mib(), usage::cpu_time().as_secs_f64() * 1e3])
}

fn raw_copy(moment: Moment, file: &Path, image: &str) -> Result<f64> {
    let raw = Raw::new();
    let whole = Instant::now();
    let id = raw.create(image, IDLE, false)?;
    let copied = match moment {
        Moment::Start => {
            raw.put_file(&id, file, &TARGET[1..]).and_then(|()| raw.start(&id)).map(|()| whole.elapsed())
        }
        Moment::Running => raw.start(&id).and_then(|()| {
            let copy = Instant::now();
            raw.put_file(&id, file, &TARGET[1..]).map(|()| copy.elapsed())
        }),
    };
    raw.remove(&id)?;
    copied.map(|time| time.as_secs_f64())
}

/// Fills a file with bytes that cannot be compressed.
fn write_noise(path: &Path, mib: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..mib {
        for word in block.chunks_exact_mut(8) {
            // xorshift64.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    Ok(())
}
