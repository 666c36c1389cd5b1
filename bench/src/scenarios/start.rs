//! The time from the call of start until the container is ready and its port is known.

use std::time::Instant;

use anyhow::Result;

use crate::context::{Context, READY_AT_ONCE};
use crate::raw::{Raw, read_until_ready};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, peer};

const COLUMNS: &[Column] = &[Column { name: "start to ready, ms", decimals: 1 }];

pub(crate) fn run(context: &Context<'_>) -> String {
    let variants = vec![
        Variant::new("raw API: create, start", || raw(context, Wait::Nothing)),
        Variant::new("raw API: create, start, follow the log, inspect", || raw(context, Wait::Followed)),
        Variant::new("raw API: create, attach, start, inspect", || raw(context, Wait::Attached)),
        Variant::new("Seatrial", || ours(context)),
        Variant::new("testcontainers-rs 0.28", || peer(context)),
    ];
    let series = interleaved("start", variants, context.options.rounds_or(15));
    format!(
        "## Start to ready\n\nWith one published port, a wait for a line that is printed at once, and a lookup of the port.\n\n{}",
        table::of_series(COLUMNS, &series)
    )
}

/// The way in which the raw API waits for the line.
#[derive(Clone, Copy)]
enum Wait {
    Nothing,
    Followed,
    Attached,
}

fn raw(context: &Context<'_>, wait: Wait) -> Result<Vec<f64>> {
    let raw = &context.raw;
    let start = Instant::now();
    let id = raw.create(context.image(), READY_AT_ONCE, true)?;
    let ready = start_raw(raw, &id, wait);
    let elapsed = start.elapsed();
    // The removal is not measured, and follows a failure too.
    raw.remove(&id)?;
    ready.map(|()| vec![elapsed.as_secs_f64() * 1e3])
}

fn start_raw(raw: &Raw, id: &str, wait: Wait) -> Result<()> {
    match wait {
        Wait::Nothing => return raw.start(id),
        Wait::Followed => {
            raw.start(id)?;
            raw.follow_until_ready(id)?;
        }
        Wait::Attached => {
            let mut output = raw.attach(id)?;
            raw.start(id)?;
            read_until_ready(&mut output)?;
        }
    }
    raw.host_port(id).map(drop)
}

fn ours(context: &Context<'_>) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let start = Instant::now();
        let container = ours::start_published(context.image(), READY_AT_ONCE).await?;
        ours::host_port(&container)?;
        let elapsed = start.elapsed();
        ours::remove(container).await?;
        Ok(vec![elapsed.as_secs_f64() * 1e3])
    })
}

fn peer(context: &Context<'_>) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let start = Instant::now();
        let container = peer::start_published(context.image(), READY_AT_ONCE).await?;
        peer::host_port(&container).await?;
        let elapsed = start.elapsed();
        peer::remove(container).await?;
        Ok(vec![elapsed.as_secs_f64() * 1e3])
    })
}
