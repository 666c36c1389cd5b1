//! What is measured: one file each.

mod case_transport;
mod cases;
pub(crate) mod copy_in;
mod crates;
mod departures;
mod drop_return;
mod exec;
mod exec_timeout;
pub(crate) mod log_wait;
pub(crate) mod pool;
mod prune;
mod reaper;
mod remove_many;
pub(crate) mod requests;
mod runner_memory;
mod start;
mod watch;

use anyhow::Result;

use crate::context::Context;
use crate::header;
use crate::options::{Name, Options};
use crate::raw::Raw;
use crate::runtime::RuntimeKind;

/// Measures what was asked for and prints it, section by section.
pub(crate) fn run_all(options: &Options) -> Result<()> {
    let context = Context { options, raw: Raw::new(), runtime: RuntimeKind::MultiThread.build()? };
    println!("{}", header::of_run(&context.raw)?);
    for name in options.selected() {
        let section = match name {
            Name::Start => start::run(&context),
            Name::Requests => requests::run(&context)?,
            Name::LogWait => log_wait::run(&context),
            Name::Drop => drop_return::run(&context),
            Name::RemoveMany => remove_many::run(&context),
            Name::Exec => exec::run(&context)?,
            Name::Cases => cases::run(&context)?,
            Name::CaseTransport => case_transport::run(&context)?,
            Name::ExecTimeout => exec_timeout::run(&context)?,
            Name::Prune => prune::run(&context)?,
            Name::Reaper => reaper::run(&context)?,
            Name::Pool => pool::run(&context)?,
            Name::CopyIn => copy_in::run(&context)?,
            Name::Watch => watch::run(&context)?,
            Name::RunnerMemory => runner_memory::run()?,
            Name::Crates => crates::run()?,
        };
        println!("{section}");
    }
    Ok(())
}
