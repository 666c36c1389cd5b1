//! The program `ryuk`: reads its settings, listens, reaps.
//!
//! Exit codes: 0, all is done; 1, an error, or something is left on the engine. `ryuk healthcheck` exits with 0 if a
//! reaper listens on `RYUK_PORT`.

use std::process::ExitCode;

use seatrial_reaper::engine::Engine;
use seatrial_reaper::settings::Settings;
use seatrial_reaper::{Signals, healthcheck, listener, log, run};

fn main() -> ExitCode {
    let result = Settings::from_env().and_then(|settings| {
        if std::env::args().nth(1).as_deref() == Some("healthcheck") {
            return healthcheck(settings.port);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| format!("failed to start: {error}"))?.block_on(reap(settings))
    });
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            log::fatal(&message);
            ExitCode::FAILURE
        }
    }
}

async fn reap(settings: Settings) -> Result<bool, String> {
    let signals = Signals::listen().map_err(|error| format!("failed to catch signals: {error}"))?;
    let engine = Engine::new(&settings)?;
    let listener = listener::bind(settings.port)
        .map_err(|error| format!("failed to listen on port {}: {error}", settings.port))?;
    run(listener, engine, settings, signals.received()).await
}
