//! Runs the scenarios that were selected.

use anyhow::Result;

use super::{
    case_transport, cases, copy_in, crates, drop_return, exec, exec_timeout, log_wait, pool, prune, reaper,
    remove_many, requests, runner_memory, start, watch,
};
use crate::context::Context;
use crate::header;
use crate::options::{Name, Options};
use crate::raw::Raw;
use crate::runtime::RuntimeKind;

/// Measures the selected scenarios and prints each one's section.
///
/// # Errors
/// Fails if a scenario cannot be set up. A variant that fails is reported in its table.
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
