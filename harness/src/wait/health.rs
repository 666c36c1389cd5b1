//! The wait for the container's health check, by the engine's events.

use std::time::Duration;

use super::branch::Branch;
use super::cx::{Cx, Failure};
use crate::base::background;
use crate::engine::{ContainerInfo, Signal};
use crate::words::Health;

/// The time without an event after which the state is inspected, since not every engine reports every change.
const WITHOUT_EVENT: Duration = Duration::from_secs(2);

/// Waits until the container's health check reports healthy.
#[derive(Clone, Debug)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct HealthyWait {
    fail_on_unhealthy: bool,
}

impl HealthyWait {
    pub(super) fn new() -> Self {
        Self { fail_on_unhealthy: false }
    }

    /// Fails as soon as the check reports unhealthy. Default: continues to wait, since a check can recover.
    pub fn fail_on_unhealthy(mut self) -> Self {
        self.fail_on_unhealthy = true;
        self
    }

    pub(super) async fn follow(&self, branch: &Branch, cx: &Cx<'_>) -> Result<(), Failure> {
        let target = cx.container.target();
        // Subscribed before the first inspection, so that no change in between is missed.
        let mut signals = target.listen();
        loop {
            let next = background().run(async move {
                let signal = crate::base::timeout(WITHOUT_EVENT, signals.next()).await;
                (signal, signals)
            });
            let (signal, rest) = next.await;
            signals = rest;
            match signal {
                Ok(Signal::Silence(reason)) => {
                    branch.saw(reason);
                    continue;
                }
                Ok(Signal::Look | Signal::Event(_)) | Err(_) => {}
            }
            match target.inspect().await {
                Ok(info) if self.is_met(&info)? => return Ok(()),
                Ok(_) => {}
                Err(error) => branch.saw(error.to_string()),
            }
        }
    }

    fn is_met(&self, info: &ContainerInfo) -> Result<bool, Failure> {
        match &info.state.health {
            Health::Healthy => Ok(true),
            Health::None if !info.has_health_check => Err(Failure::Never(
                "it has no health check; give it one with `health_check`, or wait for something else".into(),
            )),
            Health::Unhealthy if self.fail_on_unhealthy => Err(Failure::Never("it is unhealthy".into())),
            // The report contains the state, with the check's output.
            _ => Ok(false),
        }
    }
}
