//! Copying a large file into a container: how fast, and with how much memory.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use crate::child::{self, Who};
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
/// Where the copy goes.
const TARGET: &str = "/copied";

/// When the file is copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum How {
    /// Into a container that runs.
    Running,
    /// As a part of the start, which is measured as a whole.
    Start,
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("source");
    write_noise(&file, context.options.copy_mib)?;
    let path = file.to_str().context("the temporary folder's path is text")?;
    let variant = |name: &str, who: Who, how: &'static str| {
        Variant::new(name, move || child::measure(&["copy-in", who.word(), how, path, context.image()], None))
    };
    let variants = vec![
        variant("raw API: PUT, running", Who::Raw, "running"),
        variant("Seatrial: copy_in, running", Who::Ours, "running"),
        variant("raw API: create, PUT, start", Who::Raw, "start"),
        variant("Seatrial: start with copy_in", Who::Ours, "start"),
        variant("testcontainers-rs 0.28: start with copy_to", Who::Testcontainers, "start"),
    ];
    let series = interleaved("copy in", variants, context.options.rounds_or(15));
    Ok(format!(
        "## Copying {} MiB in\n\nEach in a process of its own, with CPU and memory of the whole process. The peer copies before the \
         start\nonly, so there the whole start is measured.\n\n{}",
        context.options.copy_mib,
        table::of_series(COLUMNS, &series)
    ))
}

/// In the child: one copy.
pub(crate) fn once(who: Who, how: How, file: &Path, image: &str) -> Result<Vec<f64>> {
    let mib = file.metadata()?.len() as f64 / f64::from(1 << 20);
    let runtime = RuntimeKind::CurrentThread.build()?;
    let seconds = match (who, how) {
        (Who::Raw, how) => raw_copy(how, file, image)?,
        (Who::Ours, How::Running) => runtime.block_on(async {
            let container = ours::start(image, IDLE).await?;
            let start = Instant::now();
            let copied = ours::copy_in(&container, file, TARGET).await;
            let seconds = start.elapsed().as_secs_f64();
            ours::remove(container).await?;
            copied.map(|()| seconds)
        })?,
        (Who::Ours, How::Start) => runtime.block_on(async {
            let start = Instant::now();
            let container = ours::start_with_file(image, IDLE, file, TARGET).await?;
            let seconds = start.elapsed().as_secs_f64();
            ours::remove(container).await.map(|()| seconds)
        })?,
        (Who::Testcontainers, How::Start) => runtime.block_on(async {
            let start = Instant::now();
            let container = peer::start_with_file(image, IDLE, file, TARGET).await?;
            let seconds = start.elapsed().as_secs_f64();
            peer::remove(container).await.map(|()| seconds)
        })?,
        (Who::Testcontainers, How::Running) => bail!("testcontainers-rs copies before the start only"),
    };
    Ok(vec![seconds * 1e3, mib / seconds, usage::peak_rss_mib(), usage::cpu_time().as_secs_f64() * 1e3])
}

fn raw_copy(how: How, file: &Path, image: &str) -> Result<f64> {
    let raw = Raw::new();
    let whole = Instant::now();
    let id = raw.create(image, IDLE, false)?;
    let copied = match how {
        How::Start => {
            raw.put_file(&id, file, &TARGET[1..]).and_then(|()| raw.start(&id)).map(|()| whole.elapsed())
        }
        How::Running => raw.start(&id).and_then(|()| {
            let copy = Instant::now();
            raw.put_file(&id, file, &TARGET[1..]).map(|()| copy.elapsed())
        }),
    };
    raw.remove(&id)?;
    copied.map(|time| time.as_secs_f64())
}

/// Fills a file with bytes that no layer of the way compresses or leaves out.
fn write_noise(path: &Path, mib: u64) -> Result<()> {
    let mut file = File::create(path)?;
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut block = vec![0; 1 << 20];
    for _ in 0..mib {
        for word in block.chunks_exact_mut(8) {
            // xorshift64: enough to look like noise.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&block)?;
    }
    Ok(())
}
