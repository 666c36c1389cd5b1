//! The time that the drop or the removal of a container blocks the caller.

use std::time::Instant;

use anyhow::Result;

use crate::context::{Context, IDLE};
use crate::rounds::{Variant, interleaved};
use crate::scenarios::departures::Departures;
use crate::table::{self, Column};
use crate::{ours, peer};

const COLUMNS: &[Column] =
    &[Column { name: "held, ms", decimals: 3 }, Column { name: "gone after, ms", decimals: 1 }];

pub(crate) fn run(context: &Context<'_>) -> String {
    let variants = vec![
        Variant::new("raw API: DELETE", || {
            let id = context.raw.create(context.image(), IDLE, false)?;
            context.raw.start(&id)?;
            departed(context, &id, || context.raw.remove(&id))
        }),
        Variant::new("Seatrial: drop", || {
            let container = context.runtime.block_on(ours::start(context.image(), IDLE))?;
            let id = ours::id(&container);
            departed(context, &id, || {
                context.drop_inside(container);
                Ok(())
            })
        }),
        Variant::new("Seatrial: remove().await", || {
            let container = context.runtime.block_on(ours::start(context.image(), IDLE))?;
            let id = ours::id(&container);
            departed(context, &id, || context.runtime.block_on(ours::remove(container)))
        }),
        Variant::new("testcontainers-rs 0.28: drop", || {
            let container = context.runtime.block_on(peer::start(context.image(), IDLE))?;
            let id = container.id().to_owned();
            departed(context, &id, || {
                context.drop_inside(container);
                Ok(())
            })
        }),
    ];
    let series = interleaved("drop", variants, context.options.rounds_or(15));
    format!(
        "## What a drop costs\n\nA running container without ports. It is removed when the engine's event says so; \
         held is the time\nthat the caller is blocked.\n\n{}",
        table::of_series(COLUMNS, &series)
    )
}

fn departed(context: &Context<'_>, id: &str, remove: impl FnOnce() -> Result<()>) -> Result<Vec<f64>> {
    let departures = Departures::watch(&context.raw)?;
    let start = Instant::now();
    remove()?;
    let held = start.elapsed();
    let gone = departures.wait_for(&[id.to_owned()])?.duration_since(start);
    Ok([held, gone].map(|time| time.as_secs_f64() * 1e3).to_vec())
}
