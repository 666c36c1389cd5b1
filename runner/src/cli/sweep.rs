//! `seatrial sweep`: lists and removes the leftovers of dead sessions.

use std::time::Duration;

use clap::Args;
use seatrial::{Session, session::ReaperChoice};
use seatrial_runner::Result;

const EXAMPLES: &str = "Examples:
  seatrial sweep                               lists leftovers that are older than an hour
  seatrial sweep --older-than 10m --remove     removes leftovers that are older than ten minutes

A session is dead when none of its processes runs on this machine any more, and its reaper does not run either.
Containers that were kept on purpose stay, and so does everything that other machines have created.

Exit codes: 0, also if leftovers were found and listed; 3, if the engine fails or something could not be removed.";

/// The arguments of `seatrial sweep`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct SweepArgs {
    /// Finds only leftovers of sessions of which everything is at least this old.
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = time)]
    older_than: Duration,
    /// Finds only leftovers of this session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Removes the leftovers that are found.
    #[arg(long)]
    remove: bool,
}

/// Lists leftovers, and removes them on request.
///
/// # Errors
/// The engine's.
pub(crate) async fn sweep(args: &SweepArgs) -> Result<u8> {
    // This session creates nothing, so it needs no reaper.
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
        (0, _) => eprintln!("dead sessions have left nothing"),
        (_, false) => eprintln!("{count} found; `--remove` removes them"),
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
