//! From the call of start until the container is ready and its port is known.

use std::time::Instant;

use anyhow::Result;

use crate::context::{Context, READY_AT_ONCE};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, peer};

const COLUMNS: &[Column] = &[Column { name: "start to ready, ms", decimals: 1 }];

pub(crate) fn run(context: &Context<'_>) -> String {
    let variants = vec![
        Variant::new("raw API: create, start", || raw(context, false)),
        Variant::new("raw API: create, start, follow the log, inspect", || raw(context, true)),
        Variant::new("Seatrial", || ours(context)),
        Variant::new("testcontainers-rs 0.28", || peer(context)),
    ];
    let series = interleaved("start", variants, context.options.rounds_or(15));
    format!(
        "## Start to ready\n\nOne published port, and a wait for a line that is printed at once; the port is asked for.\n\n{}",
        table::of_series(COLUMNS, &series)
    )
}

fn raw(context: &Context<'_>, wait: bool) -> Result<Vec<f64>> {
    let raw = &context.raw;
    let start = Instant::now();
    let id = raw.create(context.image(), READY_AT_ONCE, true)?;
    let ready = raw.start(&id).and_then(|()| {
        if wait {
            raw.follow_until_ready(&id)?;
            raw.host_port(&id)?;
        }
        Ok(())
    });
    let elapsed = start.elapsed();
    // Outside of what is measured, and whether or not it worked.
    raw.remove(&id)?;
    ready.map(|()| vec![elapsed.as_secs_f64() * 1e3])
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
