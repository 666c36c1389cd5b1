//! The size, start time and memory of a reaper.

use anyhow::Result;

use crate::context::Context;
use crate::reaper::{self, Reaper};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};

const COLUMNS: &[Column] = &[
    Column { name: "exec to `Started`, ms", decimals: 2 },
    Column { name: "idle, MiB", decimals: 2 },
    Column { name: "100 connections, 10 000 filters, MiB", decimals: 2 },
];
const CONNECTIONS: usize = 100;
const FILTERS_EACH: usize = 100;

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let program = reaper::build()?;
    let size = std::fs::metadata(&program)?.len() as f64 / 1e6;
    let once = || {
        let reaper = Reaper::start(&program)?;
        let _idle_client = reaper.client(&["org.testcontainers.session-id=idle".into()])?;
        let idle = reaper.rss_mib()?;
        let clients = (0..CONNECTIONS).map(|n| reaper.client(&filters(n))).collect::<Result<Vec<_>>>()?;
        let loaded = reaper.rss_mib()?;
        drop(clients);
        Ok(vec![reaper.started.as_secs_f64() * 1e3, idle, loaded])
    };
    let variants = vec![Variant::new("seatrial-reaper", once)];
    let series = interleaved("reaper", variants, context.options.rounds_or(15));
    Ok(format!(
        "## The reaper\n\nThe program of the image, run as a process of the host: {size:.2} MB. Resident memory with one client \
         and one\nfilter, and with many.\n\n{}",
        table::of_series(COLUMNS, &series)
    ))
}

fn filters(client: usize) -> Vec<String> {
    let filter = |n| format!("org.testcontainers.session-id=8a2a2d44-6a7c-4a54-9b1b-{client:04}-{n:04}");
    (0..FILTERS_EACH).map(filter).collect()
}
