//! A reaper's prune compared with raw removals: many containers, each with an anonymous volume, on a few networks.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::departures::Departures;
use super::remove_many::{START_WIDTH, in_parallel};
use crate::context::{Context, IDLE};
use crate::raw::Raw;
use crate::reaper::{self, Reaper};
use crate::rounds::{Series, Variant, interleaved};
use crate::stats::median_ratio;
use crate::table::{self, Column};

const COLUMNS: &[Column] = &[Column { name: "all gone after, ms", decimals: 0 }];
const NETWORKS: usize = 5;
/// The numbers of removals at the same time. One, as in ryuk, comes first.
const WIDTHS: [usize; 4] = [1, 4, 8, 16];

/// The resources to be pruned.
#[derive(Debug)]
struct Session {
    label: String,
    containers: Vec<String>,
    networks: Vec<String>,
    volumes: Vec<String>,
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let program = reaper::build()?;
    let mut variants = vec![Variant::new("seatrial-reaper", || prune(context, &program))];
    variants.extend(WIDTHS.map(|width| {
        Variant::new(format!("raw API: DELETE, {width} at a time"), move || remove(context, width))
    }));
    let series = interleaved("prune", variants, context.options.rounds_or(5));
    let many = context.options.many;
    Ok(format!(
        "## A prune\n\n{many} running containers, each with an anonymous volume, on {NETWORKS} networks: from the disconnect of \
         the last client, or the\nfirst DELETE, until the event of the last removal.\n\n{}\n{}",
        table::of_series(COLUMNS, &series),
        compared(&series)
    ))
}

/// Compares the reaper with sequential removals and with the best width, per round.
fn compared(series: &[Series]) -> String {
    let [reaper, single, others @ ..] = series else { return String::new() };
    let (reaper, single) = (reaper.column(0), single.column(0));
    let columns: Vec<Vec<f64>> = others.iter().map(|series| series.column(0)).collect();
    let best: Vec<f64> = (0..reaper.len())
        .map(|round| columns.iter().map(|column| column[round]).fold(single[round], f64::min))
        .collect();
    let ratio = |base: &[f64]| median_ratio(&reaper, base).unwrap_or(f64::NAN);
    format!(
        "The reaper takes {:.2} × the best width of each round, and {:.2} × one after the other.\n",
        ratio(&best),
        ratio(&single)
    )
}

fn prune(context: &Context<'_>, program: &Path) -> Result<Vec<f64>> {
    let reaper = Reaper::start(program)?;
    let session = Session::start(context)?;
    let client = reaper.client(std::slice::from_ref(&session.label))?;
    let departures = Departures::watch(&context.raw)?;
    let start = Instant::now();
    drop(client);
    let gone = departures.wait_for(&session.everything())?;
    reaper.end()?;
    Ok(vec![gone.duration_since(start).as_secs_f64() * 1e3])
}

fn remove(context: &Context<'_>, width: usize) -> Result<Vec<f64>> {
    let session = Session::start(context)?;
    let departures = Departures::watch(&context.raw)?;
    let start = Instant::now();
    in_parallel(&context.raw, &session.containers, width, Raw::remove)?;
    in_parallel(&context.raw, &session.networks, width, Raw::remove_network)?;
    let gone = departures.wait_for(&session.everything())?;
    Ok(vec![gone.duration_since(start).as_secs_f64() * 1e3])
}

impl Session {
    fn start(context: &Context<'_>) -> Result<Self> {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let raw = &context.raw;
        let name = format!("bench-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let labels = json!({ "seatrial.bench": name });
        let networks: Vec<String> = (0..NETWORKS)
            .map(|n| {
                let body = json!({ "Name": format!("{name}-{n}"), "Labels": labels });
                raw.create_from("/networks/create", &body)
            })
            .collect::<Result<_>>()?;
        let container = |n: usize| {
            let body = json!({
                "Image": context.image(), "Cmd": IDLE, "Labels": labels, "Volumes": { "/data": {} },
                "HostConfig": { "NetworkMode": networks[n % NETWORKS] },
            });
            raw.create_from("/containers/create", &body)
        };
        let containers: Vec<String> = (0..context.options.many).map(container).collect::<Result<_>>()?;
        in_parallel(raw, &containers, START_WIDTH, Raw::start)?;
        let volumes = containers.iter().map(|id| volume_of(raw, id)).collect::<Result<_>>()?;
        Ok(Self { label: format!("seatrial.bench={name}"), containers, networks, volumes })
    }

    fn everything(&self) -> Vec<String> {
        [self.containers.as_slice(), &self.networks, &self.volumes].concat()
    }
}

fn volume_of(raw: &Raw, id: &str) -> Result<String> {
    let inspect: Value = raw.engine().get(&format!("/containers/{id}/json"))?;
    Ok(inspect["Mounts"][0]["Name"].as_str().context("it has a volume")?.to_owned())
}
