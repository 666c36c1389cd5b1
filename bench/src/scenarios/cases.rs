//! A case that exits at once: run by the agent, as a process of the host, by the engine's exec, and in a new container.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::fleet::{COMMAND, Fleet, WIDTH};
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, usage};

/// The number of commands that each container runs by the engine's exec in a round, one after the other.
const EACH: usize = 5;

const ONE: &[Column] = &[Column { name: "a case, ms", decimals: 3 }];
const MANY: &[Column] = &[Column { name: "cases per second", decimals: 1 }];
const AGENT: &[Column] = &[
    Column { name: "first case of a container, ms", decimals: 1 },
    Column { name: "resident, agent and worker, MiB", decimals: 3 },
];

/// The places where the commands run.
struct Places {
    fleet: Fleet,
    cases: Vec<ours::Cases>,
    /// The same static program on the host.
    program: PathBuf,
    _folder: tempfile::TempDir,
}

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let places = start(context)?;
    let section = measure(context, &places);
    places.fleet.end(context)?;
    Ok(section)
}

fn start(context: &Context<'_>) -> Result<Places> {
    let fleet = Fleet::start(context)?;
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("program");
    let cases = context.runtime.block_on(async {
        ours::copy_out(&fleet.ours[0], COMMAND[0], &program).await?;
        try_join_all(fleet.ours.iter().map(ours::cases)).await
    })?;
    Ok(Places { fleet, cases, program, _folder: folder })
}

fn measure(context: &Context<'_>, places: &Places) -> String {
    let Places { fleet, cases, program, .. } = places;
    let rounds = context.options.rounds_or(15);
    let exec = move |width| -> Result<f64> { Ok(fleet.exec(context, width, EACH)?.as_secs_f64()) };
    let one = vec![
        Variant::new("host: fork, exec, wait, output read", || host(program, 200)),
        Variant::new("Seatrial: a case by the agent", || one(context, &cases[0], 200)),
        Variant::new("raw API: the engine's exec", move || Ok(vec![1e3 * exec(1)? / EACH as f64])),
        Variant::new("Seatrial: a fresh container", || fresh(context)),
    ];
    let one = table::of_series(ONE, &interleaved("cases", one, rounds));
    let many = vec![
        Variant::new("raw API: the engine's exec, 4 at a time on 4 containers", move || {
            Ok(vec![(WIDTH * EACH) as f64 / exec(WIDTH)?])
        }),
        Variant::new("Seatrial: 1 000 on 4 containers, 4 at a time", || many(context, cases, 1)),
        Variant::new("Seatrial: 1 000 on 4 containers, 16 at a time", || many(context, cases, 4)),
        Variant::new("host: one after the other", || Ok(vec![1e3 / host(program, 200)?[0]])),
    ];
    let many = table::of_series(MANY, &interleaved("cases, many", many, rounds));
    let agent = vec![Variant::new("Seatrial", || first(context))];
    let agent = table::of_series(AGENT, &interleaved("agent", agent, rounds));
    format!(
        "## Cases\n\n`{}`, with its output and its result; on the host, the same static program.\n\n{one}\n\
         Many:\n\n{many}\nThe agent, {} bytes, is started with the first case:\n\n{agent}",
        COMMAND.join(" "),
        size_of_agent(context, places),
    )
}

/// Runs something `count` times, one after the other, and returns the median time.
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

fn one(context: &Context<'_>, cases: &ours::Cases, count: usize) -> Result<Vec<f64>> {
    median(count, || context.runtime.block_on(ours::run_case(cases, COMMAND)))
}

fn fresh(context: &Context<'_>) -> Result<Vec<f64>> {
    let start = Instant::now();
    context.runtime.block_on(ours::run_fresh(context.image(), &COMMAND[1..]))?;
    Ok(vec![start.elapsed().as_secs_f64() * 1e3])
}

fn many(context: &Context<'_>, cases: &[ours::Cases], at_once: usize) -> Result<Vec<f64>> {
    const COUNT: usize = 1000;
    let start = Instant::now();
    let lanes = WIDTH * at_once;
    let lane = async |lane: usize| {
        for _ in (lane..COUNT).step_by(lanes) {
            ours::run_case(&cases[lane % WIDTH], COMMAND).await?;
        }
        anyhow::Ok(())
    };
    context.runtime.block_on(try_join_all((0..lanes).map(lane)))?;
    Ok(vec![COUNT as f64 / start.elapsed().as_secs_f64()])
}

/// Measures the extra cost of a container's first case, and the memory that remains in use.
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

fn size_of_agent(context: &Context<'_>, places: &Places) -> u64 {
    let file = places.program.with_file_name("agent");
    let copied = context.runtime.block_on(ours::copy_out(&places.fleet.ours[0], "/.seatrial/agent", &file));
    copied.and_then(|()| std::fs::metadata(&file).context("it is there")).map_or(0, |file| file.len())
}
