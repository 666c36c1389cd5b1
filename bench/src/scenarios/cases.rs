//! A case that ends at once: by the agent, beside a process of the host, the engine's exec and a fresh container.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, usage};

/// What is run: the same static program on the host and in the containers.
const COMMAND: &[&str] = &["/misbehave", "exit", "0"];
const WIDTH: usize = 4;

const ONE: &[Column] = &[Column { name: "a case, ms", decimals: 3 }];
const MANY: &[Column] = &[Column { name: "cases per second", decimals: 1 }];
const AGENT: &[Column] = &[
    Column { name: "first case of a container, ms", decimals: 1 },
    Column { name: "resident, agent and worker, MiB", decimals: 3 },
];

/// What is measured on.
struct Fleet {
    raw: Vec<String>,
    ours: Vec<ours::Container>,
    cases: Vec<ours::Cases>,
    /// The command's program on the host.
    _folder: tempfile::TempDir,
    program: PathBuf,
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
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("program");
    let (ours, cases) = context.runtime.block_on(async {
        let ours = try_join_all((0..WIDTH).map(|_| ours::start(context.image(), IDLE))).await?;
        let cases = try_join_all(ours.iter().map(ours::cases)).await?;
        ours::copy_out(&ours[0], COMMAND[0], &program).await?;
        anyhow::Ok((ours, cases))
    })?;
    Ok(Fleet { raw, ours, cases, _folder: folder, program })
}

fn measure(context: &Context<'_>, fleet: &Fleet) -> String {
    let rounds = context.options.rounds_or(15);
    let one = vec![
        Variant::new("host: fork, exec, wait, output read", || host(&fleet.program, 200)),
        Variant::new("Seatrial: a case by the agent", || one(context, fleet, 200)),
        Variant::new("raw API: the engine's exec", || exec(context, fleet, 1, 5)),
        Variant::new("Seatrial: a fresh container", || fresh(context)),
    ];
    let one = table::of_series(ONE, &interleaved("cases", one, rounds));
    let many = vec![
        Variant::new("raw API: the engine's exec, 4 at a time on 4 containers", || {
            Ok(vec![1e3 * WIDTH as f64 / exec(context, fleet, WIDTH, 5)?[0]])
        }),
        Variant::new("Seatrial: 1 000 on 4 containers, 4 at a time", || many(context, fleet, 1)),
        Variant::new("Seatrial: 1 000 on 4 containers, 16 at a time", || many(context, fleet, 4)),
        Variant::new("host: one after the other", || Ok(vec![1e3 / host(&fleet.program, 200)?[0]])),
    ];
    let many = table::of_series(MANY, &interleaved("cases, many", many, rounds));
    let agent = vec![Variant::new("Seatrial", || first(context))];
    let agent = table::of_series(AGENT, &interleaved("agent", agent, rounds));
    format!(
        "## Cases\n\n`{}`, with its output read and its end known; on the host the same static program.\n\n{one}\n\
         Many:\n\n{many}\nThe agent, {} bytes, is started with the first case:\n\n{agent}",
        COMMAND.join(" "),
        seatrial_agent_size(context, fleet),
    )
}

/// Of so many, one after the other, the median.
fn median(count: usize, mut once: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        once()?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(vec![times[count / 2]])
}

fn host(program: &Path, count: usize) -> Result<Vec<f64>> {
    median(count, || {
        ensure!(Command::new(program).args(&COMMAND[1..]).output()?.status.success(), "it failed");
        Ok(())
    })
}

fn one(context: &Context<'_>, fleet: &Fleet, count: usize) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            ours::run_case(&fleet.cases[0], COMMAND).await?;
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok(vec![times[count / 2]])
    })
}

/// The time of one, of so many on each of so many containers at once.
fn exec(context: &Context<'_>, fleet: &Fleet, width: usize, each: usize) -> Result<Vec<f64>> {
    let start = Instant::now();
    std::thread::scope(|scope| {
        let run = |id: &'_ String| {
            let id = id.clone();
            scope.spawn(move || {
                (0..each).try_for_each(|_| {
                    ensure!(context.raw.exec(&id, COMMAND)? == 0, "it failed");
                    Ok(())
                })
            })
        };
        let threads: Vec<_> = fleet.raw[..width].iter().map(run).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("the thread does not panic"))
    })?;
    Ok(vec![start.elapsed().as_secs_f64() * 1e3 / each as f64])
}

fn fresh(context: &Context<'_>) -> Result<Vec<f64>> {
    let start = Instant::now();
    context.runtime.block_on(ours::run_fresh(context.image(), &COMMAND[1..]))?;
    Ok(vec![start.elapsed().as_secs_f64() * 1e3])
}

fn many(context: &Context<'_>, fleet: &Fleet, at_once: usize) -> Result<Vec<f64>> {
    const COUNT: usize = 1000;
    let start = Instant::now();
    let lanes = WIDTH * at_once;
    let lane = async |lane: usize| {
        for _ in (lane..COUNT).step_by(lanes) {
            ours::run_case(&fleet.cases[lane % WIDTH], COMMAND).await?;
        }
        anyhow::Ok(())
    };
    context.runtime.block_on(try_join_all((0..lanes).map(lane)))?;
    Ok(vec![COUNT as f64 / start.elapsed().as_secs_f64()])
}

/// What the first case of a container costs more than those after it, and what stays.
fn first(context: &Context<'_>) -> Result<Vec<f64>> {
    let container = context.runtime.block_on(ours::start(context.image(), IDLE))?;
    let start = Instant::now();
    context.runtime.block_on(async {
        let cases = ours::cases(&container).await?;
        ours::run_case(&cases, COMMAND).await
    })?;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let resident = usage::resident_mib(&ours::id(&container), "/.seatrial/agent");
    context.drop_inside(container);
    Ok(vec![took, resident])
}

fn seatrial_agent_size(context: &Context<'_>, fleet: &Fleet) -> u64 {
    let file = fleet.program.with_file_name("agent");
    let copied = context.runtime.block_on(ours::copy_out(&fleet.ours[0], "/.seatrial/agent", &file));
    copied.and_then(|()| std::fs::metadata(&file).context("it is there")).map_or(0, |file| file.len())
}
