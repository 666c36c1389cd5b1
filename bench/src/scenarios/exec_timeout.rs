//! The time from a command's deadline until it has ended with a child and a grandchild.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::context::{Context, IDLE};
use crate::ours;
use crate::raw::realtime_ns;
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};

const COMMAND: &[&str] = &["/misbehave", "leave", "child", "leave", "grandchild", "sleep", "forever"];
/// The time limit, long enough for any engine to start the command.
const TIME: Duration = Duration::from_secs(1);

const COLUMNS: &[Column] = &[
    Column { name: "ended after the deadline, ms", decimals: 1 },
    Column { name: "error after the deadline, ms", decimals: 1 },
];

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let container = context.runtime.block_on(ours::start(context.image(), IDLE))?;
    let variants = vec![Variant::new("Seatrial", || out_of_time(context, &container))];
    let series = interleaved("exec timeout", variants, context.options.rounds_or(15));
    context.drop_inside(container);
    Ok(format!(
        "## A command whose time is up\n\nWith a child and a grandchild. The end of the command is the time of the \
         engine's event; the error is\nreturned when none of its processes is left.\n\n{}",
        table::of_series(COLUMNS, &series)
    ))
}

fn out_of_time(context: &Context<'_>, container: &ours::Container) -> Result<Vec<f64>> {
    let (start, deadline) = (Instant::now(), realtime_ns() + TIME.as_nanos());
    context.runtime.block_on(ours::exec_out_of_time(container, COMMAND, TIME))?;
    let returned = start.elapsed() - TIME;
    let ended = context.raw.first_exec_end(&ours::id(container), deadline)?.saturating_sub(deadline);
    Ok(vec![ended as f64 / 1e6, returned.as_secs_f64() * 1e3])
}
