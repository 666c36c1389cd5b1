//! One wait of each kind that is never met, and the container to wait for.

use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use seatrial::{
    ContainerRequest, TestContainer, WaitFor,
    container::{HealthCheck, WaitStrategy},
};
use seatrial_test_support::observe::LONG;

/// The time limit of a wait: longer than any test may take.
pub(crate) const FOREVER: Duration = Duration::from_secs(600);

/// Returns every strategy with its name.
pub(crate) fn never_met() -> Vec<(&'static str, WaitFor)> {
    vec![
        ("text", WaitFor::log("never").into()),
        ("regex", WaitFor::regex("never").times(2).into()),
        ("port", WaitFor::port(7001).into()),
        ("unpublished port", WaitFor::port(7002).into()),
        ("http", WaitFor::http("/").port(7001).into()),
        ("command", WaitFor::exec(["misbehave", "exit", "1"]).into()),
        ("hanging command", WaitFor::exec(["misbehave", "sleep", "forever"]).into()),
        ("healthy", WaitFor::healthy().into()),
        ("file", WaitFor::file("/never").into()),
        ("delay", WaitFor::delay(FOREVER)),
        ("exit code", WaitFor::exit().code(42).into()),
        ("custom", WaitFor::custom(Never)),
        ("all", WaitFor::all([WaitFor::nothing(), WaitFor::delay(FOREVER), WaitFor::log("never").into()])),
        (
            "any",
            WaitFor::any([WaitFor::delay(FOREVER), WaitFor::port(7001).into(), WaitFor::log("never").into()]),
        ),
    ]
}

/// Makes a request for a container for which none of them is met.
pub(crate) fn unready(request: ContainerRequest) -> ContainerRequest {
    let check = HealthCheck::cmd(["/misbehave", "health-file", "/never"]);
    let often = check.interval(Duration::from_millis(200)).retries(1);
    request.port(7001).health_check(often).startup_timeout(FOREVER)
}

/// A strategy of the user's own that looks at nothing.
struct Never;

impl WaitStrategy for Never {
    fn describe(&self) -> String {
        "never".to_owned()
    }

    fn wait<'a>(
        &'a self,
        _: &'a TestContainer,
    ) -> BoxFuture<'a, Result<(), Box<dyn std::error::Error + Send + Sync>>> {
        futures_util::future::pending().boxed()
    }
}

/// Returns `true` if something took no longer than it may.
pub(crate) fn is_early(elapsed: Duration) -> bool {
    elapsed < LONG
}
