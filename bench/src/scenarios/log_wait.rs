//! The time from the output of a line until the wait for it returns, after few and after many other lines.

use anyhow::Result;

use crate::child::{self, Client};
use crate::context::Context;
use crate::raw::{self, Raw};
use crate::rounds::{Variant, interleaved};
use crate::runtime::RuntimeKind;
use crate::table::{self, Column};
use crate::{ours, peer, usage};

const COLUMNS: &[Column] = &[
    Column { name: "line to return, ms", decimals: 2 },
    Column { name: "our CPU, ms", decimals: 0 },
    Column { name: "peak RSS, MiB", decimals: 1 },
    Column { name: "engine's CPU, ms", decimals: 0 },
];

pub(crate) fn run(context: &Context<'_>) -> String {
    let mut text = "## From a printed line to the return of the wait\n\n\
         Each in a process of its own. CPU time and memory are those of the whole process, and the engine's CPU time\n\
         that of its daemon, until the wait returned.\n"
        .to_owned();
    for lines in [0, 200_000] {
        let series = interleaved(
            &format!("log wait after {lines} lines"),
            variants(context, lines),
            context.options.rounds_or(15),
        );
        text.push_str(&format!("\nAfter {lines} lines:\n\n{}", table::of_series(COLUMNS, &series)));
    }
    text
}

fn variants<'a>(context: &'a Context<'_>, lines: u64) -> Vec<Variant<'a>> {
    let variant = move |name: &str, client: Client, runtime: RuntimeKind| {
        Variant::new(name, move || {
            let lines = lines.to_string();
            child::measure(&["log-wait", client.word(), runtime.word(), &lines, context.image()], None)
        })
    };
    vec![
        variant("raw API: attached before the start", Client::Raw, RuntimeKind::CurrentThread),
        variant("Seatrial, current-thread runtime", Client::Ours, RuntimeKind::CurrentThread),
        variant("Seatrial, multi-thread runtime", Client::Ours, RuntimeKind::MultiThread),
        variant(
            "testcontainers-rs 0.28, current-thread runtime",
            Client::Testcontainers,
            RuntimeKind::CurrentThread,
        ),
        variant(
            "testcontainers-rs 0.28, multi-thread runtime",
            Client::Testcontainers,
            RuntimeKind::MultiThread,
        ),
    ]
}

/// Waits once, in a child process.
pub(crate) fn once(client: Client, runtime: RuntimeKind, lines: u64, image: &str) -> Result<Vec<f64>> {
    let raw = Raw::new();
    let lines = lines.to_string();
    // Without other lines before it, the line is printed after a pause, so that the wait has begun for certain.
    let before = if lines == "0" { ["sleep", "300ms"] } else { ["print-lines", &lines] };
    let cmd = [&before[..], &["stamp", "ready", "sleep", "forever"]].concat();
    let engine_before = usage::engine_cpu_ms();
    let measured = |id: &str, returned: u128, cpu: f64, rss: f64| {
        let engine = usage::engine_cpu_ms() - engine_before;
        let lag = returned.saturating_sub(raw.stamp(id)?) as f64 / 1e6;
        Ok(vec![lag, cpu, rss, engine])
    };
    let now = || (raw::realtime_ns(), usage::cpu_time().as_secs_f64() * 1e3, usage::peak_rss_mib());
    match client {
        Client::Raw => {
            let id = raw.create(image, &cmd, false)?;
            let values = raw_wait(&raw, &id).map(|()| now());
            let values = values.and_then(|(returned, cpu, rss)| measured(&id, returned, cpu, rss));
            raw.remove(&id)?;
            values
        }
        Client::Ours => runtime.build()?.block_on(async {
            let container = ours::start_ready(image, &cmd).await?;
            let (returned, cpu, rss) = now();
            let values = measured(&ours::id(&container), returned, cpu, rss);
            ours::remove(container).await?;
            values
        }),
        Client::Testcontainers => runtime.build()?.block_on(async {
            let container = peer::start_ready(image, &cmd).await?;
            let (returned, cpu, rss) = now();
            let values = measured(container.id(), returned, cpu, rss);
            peer::remove(container).await?;
            values
        }),
    }
}

fn raw_wait(raw: &Raw, id: &str) -> Result<()> {
    let mut output = raw.attach(id)?;
    raw.start(id)?;
    raw::read_until_ready(&mut output)
}
