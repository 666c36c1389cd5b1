//! The time from the drop of many running containers until the last one is removed.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};

use crate::context::{Context, IDLE};
use crate::raw::Raw;
use crate::rounds::{Variant, interleaved};
use crate::scenarios::departures::Departures;
use crate::table::{self, Column};
use crate::{ours, peer};

const COLUMNS: &[Column] =
    &[Column { name: "all gone after, ms", decimals: 0 }, Column { name: "held, ms", decimals: 2 }];
/// The number of starts at the same time that is fastest on two cores.
pub(super) const START_WIDTH: usize = 8;

pub(crate) fn run(context: &Context<'_>) -> String {
    let many = context.options.many;
    let mut variants = vec![
        Variant::new("Seatrial: drop of all", || drop_ours(context)),
        Variant::new("testcontainers-rs 0.28: drop of all", || drop_peers(context)),
    ];
    let widths = [1, 2, 4, 8, 16, 32, 50].into_iter().filter(|width| *width <= many);
    variants.extend(widths.map(|width| {
        Variant::new(format!("raw API: DELETE, {width} at a time"), move || remove_raw(context, width))
    }));
    let series = interleaved("remove many", variants, context.options.rounds_or(5));
    format!(
        "## Removing {many} running containers\n\nWithout ports, from the first drop or DELETE until the event of the \
         last one.\nHeld is the time that the caller is blocked.\n\n{}",
        table::of_series(COLUMNS, &series)
    )
}

fn drop_ours(context: &Context<'_>) -> Result<Vec<f64>> {
    let start = || ours::start(context.image(), IDLE);
    let containers: Vec<ours::Container> = context.runtime.block_on(started(context, start))?;
    let ids: Vec<String> = containers.iter().map(ours::id).collect();
    departed(context, &ids, || {
        context.drop_inside(containers);
        Ok(())
    })
}

fn drop_peers(context: &Context<'_>) -> Result<Vec<f64>> {
    let start = || peer::start(context.image(), IDLE);
    let containers: Vec<peer::Container> = context.runtime.block_on(started(context, start))?;
    let ids: Vec<String> = containers.iter().map(|container| container.id().to_owned()).collect();
    departed(context, &ids, || {
        context.drop_inside(containers);
        Ok(())
    })
}

/// Starts the containers, a few at a time.
async fn started<C, F: Future<Output = Result<C>>>(
    context: &Context<'_>,
    start: impl Fn() -> F,
) -> Result<Vec<C>> {
    stream::iter(0..context.options.many).map(|_| start()).buffer_unordered(START_WIDTH).try_collect().await
}

fn remove_raw(context: &Context<'_>, width: usize) -> Result<Vec<f64>> {
    let ids: Vec<String> = (0..context.options.many)
        .map(|_| context.raw.create(context.image(), IDLE, false))
        .collect::<Result<_>>()?;
    in_parallel(&context.raw, &ids, START_WIDTH, Raw::start)?;
    departed(context, &ids, || in_parallel(&context.raw, &ids, width, Raw::remove))
}

/// Calls a function for all ids, on `width` threads.
pub(crate) fn in_parallel(
    raw: &Raw,
    ids: &[String],
    width: usize,
    act: impl Fn(&Raw, &str) -> Result<()> + Sync,
) -> Result<()> {
    let next = AtomicUsize::new(0);
    let failures = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..width {
            scope.spawn(|| {
                while let Some(id) = ids.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = act(raw, id) {
                        eprintln!("in parallel: {error:#}");
                        failures.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner();
    ensure!(failures == 0, "{failures} of {} requests failed", ids.len());
    Ok(())
}

fn departed(context: &Context<'_>, ids: &[String], remove: impl FnOnce() -> Result<()>) -> Result<Vec<f64>> {
    let departures = Departures::watch(&context.raw)?;
    let start = Instant::now();
    remove()?;
    let held = start.elapsed();
    let gone = departures.wait_for(ids)?.duration_since(start);
    Ok([gone, held].map(|time| time.as_secs_f64() * 1e3).to_vec())
}
