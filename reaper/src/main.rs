//! The program `seatrial-reaper`, which is `ryuk` in its image: reads the settings, listens, cleans up.
//!
//! Exit codes: 0, everything is done; 1, an error, or something is left on the engine.

use std::process::ExitCode;

use seatrial_reaper::address_file::{AddressFile, Claim};
use seatrial_reaper::command_line::{Command, HELP};
use seatrial_reaper::engine::Engine;
use seatrial_reaper::log::{self, Level};
use seatrial_reaper::settings::Settings;
use seatrial_reaper::{Signals, healthcheck, listener, run};

fn main() -> ExitCode {
    let result = Command::read(std::env::args_os().skip(1)).and_then(act);
    if let Err(message) = &result {
        log::fatal(message);
    }
    log::flush();
    if result == Ok(true) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a command. Returns `true` if nothing is left.
fn act(command: Command) -> Result<bool, String> {
    match command {
        Command::Reap => {
            let settings = Settings::from_env()?;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| format!("failed to start: {error}"))?.block_on(reap(settings))
        }
        Command::Healthcheck => healthcheck(&Settings::from_env()?).map(|()| true),
        Command::Help => {
            log::print(HELP.into());
            Ok(true)
        }
        Command::Version => {
            log::print(concat!(env!("CARGO_PKG_VERSION"), "\n").into());
            Ok(true)
        }
    }
}

async fn reap(settings: Settings) -> Result<bool, String> {
    let signals = Signals::listen().map_err(|error| format!("failed to catch signals: {error}"))?;
    let engine = Engine::new(&settings)?;
    engine.check().await?;
    let bind = if settings.address_file.is_some() { listener::bind_loopback } else { listener::bind };
    let listener = bind(settings.port)
        .map_err(|error| format!("failed to listen on port {}: {error}", settings.port))?;
    // Held until everything is done.
    let mut _address_file = None;
    if let Some(path) = &settings.address_file {
        let address =
            listener.local_addr().map_err(|error| format!("the listener has no address: {error}"))?;
        let claim = AddressFile::claim(path, address, settings.token.as_deref())
            .map_err(|error| format!("failed to make the address file `{}`: {error}", path.display()))?;
        match claim {
            Claim::Ours(file) => _address_file = Some(file),
            Claim::Taken => {
                log::write(Level::Info, "another reaper serves", &[("address_file", &path.display())]);
                return Ok(true);
            }
        }
    }
    run(listener, engine, settings, signals.received()).await
}
