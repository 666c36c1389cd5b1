//! A command that ends at once: one at a time, and on several containers in parallel.

use std::time::Instant;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, peer};

/// What is run.
const COMMAND: &[&str] = &["/misbehave", "exit", "0"];
/// How many containers are there for each.
const WIDTH: usize = 4;
/// How many commands each container runs in a round, one after the other.
const EACH: usize = 5;

const COLUMNS: &[Column] =
    &[Column { name: "a command, ms", decimals: 2 }, Column { name: "commands per second", decimals: 1 }];

/// Containers of each kind, for as long as it is measured.
struct Fleet {
    raw: Vec<String>,
    ours: Vec<ours::Container>,
    peers: Vec<peer::Container>,
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let fleet = start(context)?;
    let section = measure(context, &fleet);
    for id in &fleet.raw {
        context.raw.remove(id)?;
    }
    context.drop_inside(fleet);
    Ok(section)
}

fn start(context: &Context<'_>) -> Result<Fleet> {
    let raw: Vec<String> =
        (0..WIDTH).map(|_| context.raw.create(context.image(), IDLE, false)).collect::<Result<_>>()?;
    raw.iter().try_for_each(|id| context.raw.start(id))?;
    let (ours, peers) = context.runtime.block_on(async {
        let ours = try_join_all((0..WIDTH).map(|_| ours::start(context.image(), IDLE))).await?;
        let peers = try_join_all((0..WIDTH).map(|_| peer::start(context.image(), IDLE))).await?;
        anyhow::Ok((ours, peers))
    })?;
    Ok(Fleet { raw, ours, peers })
}

fn measure(context: &Context<'_>, fleet: &Fleet) -> String {
    let rounds = context.options.rounds_or(15);
    let tables = [1, WIDTH].map(|width| {
        let variants = vec![
            Variant::new("raw API: create, start and read, inspect", move || raw(context, fleet, width)),
            Variant::new("Seatrial", move || ours(context, fleet, width)),
            Variant::new("testcontainers-rs 0.28", move || peers(context, fleet, width)),
        ];
        let title = if width == 1 { "exec".to_owned() } else { format!("exec, {width} in parallel") };
        table::of_series(COLUMNS, &interleaved(&title, variants, rounds))
    });
    let [one, many] = tables;
    format!(
        "## A command that ends at once\n\nWith its output read to the end and its exit code. Each round runs {EACH} \
         after each other:\n\n{one}\n{WIDTH} in parallel, each in a container of its own:\n\n{many}"
    )
}

fn raw(context: &Context<'_>, fleet: &Fleet, width: usize) -> Result<Vec<f64>> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let threads: Vec<_> = fleet.raw[..width]
            .iter()
            .map(|id| {
                scope.spawn(move || {
                    (0..EACH).try_for_each(|_| {
                        ensure!(context.raw.exec(id, COMMAND)? == 0, "it failed");
                        Ok(())
                    })
                })
            })
            .collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the thread does not panic"))
    })?;
    Ok(values(start, width))
}

fn ours(context: &Context<'_>, fleet: &Fleet, width: usize) -> Result<Vec<f64>> {
    let start = Instant::now();
    let each = async |container: &ours::Container| {
        for _ in 0..EACH {
            ensure!(ours::exec(container, COMMAND).await? == 0, "it failed");
        }
        Ok(())
    };
    context.runtime.block_on(try_join_all(fleet.ours[..width].iter().map(each)))?;
    Ok(values(start, width))
}

fn peers(context: &Context<'_>, fleet: &Fleet, width: usize) -> Result<Vec<f64>> {
    let start = Instant::now();
    let each = async |container: &peer::Container| {
        for _ in 0..EACH {
            ensure!(peer::exec(container, COMMAND).await? == 0, "it failed");
        }
        Ok(())
    };
    context.runtime.block_on(try_join_all(fleet.peers[..width].iter().map(each)))?;
    Ok(values(start, width))
}

fn values(start: Instant, width: usize) -> Vec<f64> {
    let seconds = start.elapsed().as_secs_f64();
    vec![seconds * 1e3 / EACH as f64, (EACH * width) as f64 / seconds]
}
