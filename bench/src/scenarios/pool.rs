//! The pool: `get` and release compared with well-known pools, an exclusive lease under constant load, and the start of
//! many members compared with raw starts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};

use crate::context::{Context, IDLE};
use crate::raw::Raw;
use crate::rounds::{Series, Variant, interleaved};
use crate::scenarios::remove_many::in_parallel;
use crate::table::{self, Column};
use crate::{ours, peer_pools};

const LEASE: &[Column] = &[Column { name: "get + release, ns", decimals: 0 }];
const EXCLUSIVE: &[Column] = &[
    Column { name: "asked to granted, µs", decimals: 1 },
    Column { name: "releases before, most of a round", decimals: 0 },
];
const START: &[Column] = &[Column { name: "all ready, ms", decimals: 0 }];
/// The number of members of the pools.
const SIZE: usize = 8;
/// The number of members that are started.
const STARTED: usize = 8;
/// The number of leases that a task takes in a round.
const LEASES: usize = 50_000;

/// A pool whose leases are measured.
pub(crate) trait OnePool: Clone + Send + Sync + 'static {
    fn once(&self) -> impl Future<Output = Result<()>> + Send;
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let ours = context.runtime.block_on(ours::pool(context.image(), IDLE, SIZE))?;
    let few = context.runtime.block_on(ours::pool(context.image(), IDLE, SIZE / 2))?;
    let sections = [
        format!("One task:\n\n{}", leases(context, &ours, SIZE, 1)?),
        format!("8 tasks, 8 members:\n\n{}", leases(context, &ours, SIZE, 8)?),
        format!("8 tasks, 4 members, so that half of them wait:\n\n{}", leases(context, &few, SIZE / 2, 8)?),
    ];
    let exclusive = exclusive(context, &few);
    for pool in [ours, few] {
        context.runtime.block_on(pool.close())?;
    }
    Ok(format!(
        "## Leases of a pool\n\n`get` and release of a member, with accounting, in a runtime with two threads.\n\n{}\n\n\
         ## An exclusive lease among getters\n\n4 members, 8 tasks that lease continuously, 100 exclusive leases \
         per round.\n\n{exclusive}\n## Starting a pool of {STARTED}\n\nWithout ports and waits, from the first request \
         until the last container has started.\n\n{}",
        sections.join("\n\n"),
        starts(context)
    ))
}

fn leases(context: &Context<'_>, ours: &ours::Pool, size: usize, tasks: usize) -> Result<String> {
    let (deadpool, bb8) = (peer_pools::deadpool(size)?, context.runtime.block_on(peer_pools::bb8(size))?);
    let variants = vec![
        Variant::new("deadpool 0.12, managed", || per_lease(context, &deadpool, tasks)),
        Variant::new("bb8 0.9", || per_lease(context, &bb8, tasks)),
        Variant::new("Seatrial", || per_lease(context, ours, tasks)),
    ];
    let title = format!("{tasks} tasks on {size}");
    let series = interleaved(&title, variants, context.options.rounds_or(15));
    Ok(table::of_series(LEASE, &series))
}

fn per_lease<P: OnePool>(context: &Context<'_>, pool: &P, tasks: usize) -> Result<Vec<f64>> {
    let began = Instant::now();
    context.runtime.block_on(async {
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let pool = pool.clone();
                tokio::spawn(async move {
                    for _ in 0..LEASES {
                        pool.once().await?;
                    }
                    anyhow::Ok(())
                })
            })
            .collect();
        for task in tasks {
            task.await.map_err(|error| anyhow!("{error}"))??;
        }
        anyhow::Ok(())
    })?;
    Ok(vec![began.elapsed().as_secs_f64() * 1e9 / (tasks * LEASES) as f64])
}

fn exclusive(context: &Context<'_>, pool: &ours::Pool) -> String {
    let variants = vec![Variant::new("Seatrial", || context.runtime.block_on(among_getters(pool)))];
    let series: Vec<Series> = interleaved("exclusive", variants, context.options.rounds_or(15));
    table::of_series(EXCLUSIVE, &series)
}

async fn among_getters(pool: &ours::Pool) -> Result<Vec<f64>> {
    let (stop, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let getters: Vec<_> = (0..8)
        .map(|_| {
            let (pool, stop, released) = (pool.clone(), stop.clone(), released.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let lease = pool.get().await?;
                    tokio::task::yield_now().await;
                    released.fetch_add(1, Ordering::SeqCst);
                    drop(lease);
                }
                anyhow::Ok(())
            })
        })
        .collect();
    let (mut waited, mut most) = (Duration::ZERO, 0);
    for _ in 0..100 {
        // All tasks are running again.
        let seen = released.load(Ordering::SeqCst);
        while released.load(Ordering::SeqCst) < seen + 16 {
            tokio::task::yield_now().await;
        }
        let mut request = std::pin::pin!(pool.get_exclusive());
        let began = Instant::now();
        let first = futures_util::poll!(&mut request);
        let before = released.load(Ordering::SeqCst);
        let alone = match first {
            Poll::Ready(alone) => alone?,
            Poll::Pending => request.await?,
        };
        waited += began.elapsed();
        most = most.max(released.load(Ordering::SeqCst) - before);
        drop(alone);
    }
    stop.store(true, Ordering::SeqCst);
    for getter in getters {
        getter.await??;
    }
    Ok(vec![waited.as_secs_f64() * 1e6 / 100.0, most as f64])
}

fn starts(context: &Context<'_>) -> String {
    let mut variants = vec![Variant::new("Seatrial: a pool of 8", || start_ours(context))];
    variants.extend([2, 4, 6, 8].map(|width| {
        Variant::new(format!("raw API: create, start, {width} at a time"), move || start_raw(context, width))
    }));
    table::of_series(START, &interleaved("start a pool", variants, context.options.rounds_or(7)))
}

fn start_ours(context: &Context<'_>) -> Result<Vec<f64>> {
    let began = Instant::now();
    let pool = context.runtime.block_on(ours::pool(context.image(), IDLE, STARTED))?;
    let took = began.elapsed();
    context.runtime.block_on(pool.close())?;
    Ok(vec![took.as_secs_f64() * 1e3])
}

fn start_raw(context: &Context<'_>, width: usize) -> Result<Vec<f64>> {
    let ids = std::sync::Mutex::new(Vec::new());
    let places: Vec<String> = (0..STARTED).map(|place| place.to_string()).collect();
    let began = Instant::now();
    let started = in_parallel(&context.raw, &places, width, |raw: &Raw, _: &str| {
        let id = raw.create(context.image(), IDLE, false)?;
        ids.lock().map_err(|_| anyhow!("a start panicked"))?.push(id.clone());
        raw.start(&id)
    });
    let took = began.elapsed();
    let ids = ids.into_inner().map_err(|_| anyhow!("a start panicked"))?;
    in_parallel(&context.raw, &ids, 8, Raw::remove)?;
    started?;
    Ok(vec![took.as_secs_f64() * 1e3])
}
