//! The time limit for creations and starts of containers, which a busy engine may take long for.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use super::client::{CallError, Engine, Operation, hung};
use crate::base::timeout;
use crate::words::{Result, seconds};

/// The least time that a creation or start has, unless the request timeout was set to less than its default.
const LEAST: Duration = Duration::from_secs(120);
/// The default of the request timeout. A lower value means that the caller is impatient on purpose.
const DEFAULT: Duration = Duration::from_secs(30);
/// The time after which a warning names the request that is waited for.
const SILENT: Duration = Duration::from_secs(10);
/// The time in which an engine that does not hang answers a small request.
const PROBE: Duration = Duration::from_secs(5);

/// Returns the time limit for the creation and for the start of a container.
pub(super) fn start_budget(request_timeout: Duration, startup_timeout: Duration) -> Duration {
    if request_timeout < DEFAULT { request_timeout } else { request_timeout.max(startup_timeout).max(LEAST) }
}

impl Operation {
    /// Adds the time for a probe of the engine after the time limit.
    pub(super) fn with_probe(self) -> Self {
        Self { deadline: self.deadline.saturating_add(2 * PROBE), ..self }
    }
}

impl Engine {
    /// Creates the description of a creation or start, with its time limit.
    pub(super) fn patient(&self, phase: &'static str, subject: String) -> Operation {
        Operation { deadline: self.0.start_budget, ..self.operation(phase, subject) }
    }

    /// Runs a call for at most the operation's time limit. After 10 s, a warning names the request. The error at the
    /// limit says whether the engine answers other requests.
    pub(super) async fn patiently<T>(
        self,
        operation: Operation,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let mut call = pin!(call);
        let silent = SILENT.min(operation.deadline);
        if let Ok(answer) = timeout(silent, &mut call).await {
            return answer;
        }
        let rest = operation.deadline - silent;
        if !rest.is_zero() {
            tracing::warn!(
                "the engine has not answered the request to {} {} for {}; waiting for up to {} more",
                operation.phase,
                operation.subject,
                seconds(silent),
                seconds(rest)
            );
            if let Ok(answer) = timeout(rest, &mut call).await {
                return answer;
            }
        }
        let hint = if self.answers().await {
            "the engine lists its networks meanwhile, so it is unlikely that the engine itself hangs: it is slow, or \
             this one request is stuck; start fewer containers at once, or raise SEATRIAL_REQUEST_TIMEOUT"
        } else {
            "the engine does not list its networks either, so the engine itself hangs: restart it; if it is only \
             slow, raise SEATRIAL_REQUEST_TIMEOUT"
        };
        Err(hung(&operation).with_own_hint(hint).into())
    }

    /// Returns `true` if the engine answers a request that takes its locks, in contrast to a ping.
    async fn answers(&self) -> bool {
        let transport = self.transport();
        timeout(PROBE, transport.get("/networks")).await.is_ok_and(|answer| answer.is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// E1: a creation or start has 120 s, or the startup timeout if that is longer, unless requests have less than 30 s.
    #[test]
    fn a_start_has_a_budget_of_its_own() {
        for (request, startup, budget) in
            [(30, 60, 120), (30, 300, 300), (200, 60, 200), (45, 60, 120), (3, 300, 3)]
        {
            let [request, startup, budget] = [request, startup, budget].map(Duration::from_secs);
            assert_eq!(start_budget(request, startup), budget, "{request:?} {startup:?}");
        }
    }
}
