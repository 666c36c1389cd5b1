//! `seatrial sweep`: what dead sessions have left.

use std::time::Duration;

use clap::Args;
use seatrial::{ReaperChoice, Session};
use seatrial_runner::Result;

const EXAMPLES: &str = "Examples:
  seatrial sweep                               lists what is older than an hour
  seatrial sweep --older-than 10m --remove     removes what is older than ten minutes

A session is dead when none of its processes runs on this machine any more, and its reaper does not run. What was kept
on purpose stays, and so does what other machines have made.

Exit codes: 0, also if something is left and was listed; 3, if the engine fails or something could not be removed.";

/// What is looked for.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SweepArgs {
    /// Only what is of sessions of which nothing is younger.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    older_than: Duration,
    /// Only what is of this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Removes what is found.
    #[arg(long)]
    remove: bool,
}

/// Lists, and removes on request.
///
/// # Errors
/// The engine's.
pub(crate) async fn sweep(args: &SweepArgs) -> Result<u8> {
    // It creates nothing, so nothing has to look after it.
    let session = Session::builder().reaper(ReaperChoice::Off).build().await?;
    let mut found = session.sweep(args.older_than).await?;
    if let Some(id) = &args.session {
        found = found.only_of(id);
    }
    for left in found.leftovers() {
        println!("{left}");
    }
    let count = found.leftovers().len();
    match (count, args.remove) {
        (0, _) => eprintln!("nothing is left of dead sessions"),
        (_, false) => eprintln!("{count} left by dead sessions; `--remove` removes them"),
        (_, true) => {
            found.remove().await?;
            eprintln!("{count} removed");
        }
    }
    Ok(0)
}

fn time(text: &str) -> Result<Duration, String> {
    seatrial_core::duration::parse(text).map_err(|error| error.to_string())
}
