//! A command that exits at once: one at a time, and in several containers in parallel.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::fleet::{COMMAND, Fleet, WIDTH};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, peer};

/// The number of commands that each container runs in a round, one after the other.
const EACH: usize = 5;

const COLUMNS: &[Column] =
    &[Column { name: "a command, ms", decimals: 2 }, Column { name: "commands per second", decimals: 1 }];

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let fleet = Fleet::start(context)?;
    let peers = (0..WIDTH).map(|_| peer::start(context.image(), IDLE));
    let peers = context.runtime.block_on(try_join_all(peers))?;
    let section = measure(context, &fleet, &peers);
    context.drop_inside(peers);
    fleet.end(context)?;
    Ok(section)
}

fn measure(context: &Context<'_>, fleet: &Fleet, peers: &[peer::Container]) -> String {
    let rounds = context.options.rounds_or(15);
    let tables = [1, WIDTH].map(|width| {
        let raw = move || Ok(values(fleet.exec(context, width, EACH)?, width));
        let variants = vec![
            Variant::new("raw API: create, start and read, inspect", raw),
            Variant::new("Seatrial", move || by_ours(context, &fleet.ours[..width])),
            Variant::new("testcontainers-rs 0.28", move || by_peers(context, &peers[..width])),
        ];
        let title = if width == 1 { "exec".to_owned() } else { format!("exec, {width} in parallel") };
        table::of_series(COLUMNS, &interleaved(&title, variants, rounds))
    });
    let [one, many] = tables;
    format!(
        "## A command that ends at once\n\nWith its whole output and its exit code. Each round runs {EACH} commands \
         one after the other:\n\n{one}\n{WIDTH} in parallel, each in a container of its own:\n\n{many}"
    )
}

fn by_ours(context: &Context<'_>, containers: &[ours::Container]) -> Result<Vec<f64>> {
    let start = Instant::now();
    let each = async |container: &ours::Container| {
        for _ in 0..EACH {
            ensure!(ours::exec(container, COMMAND).await? == 0, "it failed");
        }
        Ok(())
    };
    context.runtime.block_on(try_join_all(containers.iter().map(each)))?;
    Ok(values(start.elapsed(), containers.len()))
}

fn by_peers(context: &Context<'_>, containers: &[peer::Container]) -> Result<Vec<f64>> {
    let start = Instant::now();
    let each = async |container: &peer::Container| {
        for _ in 0..EACH {
            ensure!(peer::exec(container, COMMAND).await? == 0, "it failed");
        }
        Ok(())
    };
    context.runtime.block_on(try_join_all(containers.iter().map(each)))?;
    Ok(values(start.elapsed(), containers.len()))
}

fn values(took: Duration, width: usize) -> Vec<f64> {
    let seconds = took.as_secs_f64();
    vec![seconds * 1e3 / EACH as f64, (EACH * width) as f64 / seconds]
}
