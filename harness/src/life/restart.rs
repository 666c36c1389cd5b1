//! The decision about restarts, and the pauses before them. Performing them is up to `supervisor.rs`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bollard::models::{HostConfig, RestartPolicyNameEnum};

use crate::words::{Error, Result};

/// The pause before the first restart.
const FIRST: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST: Duration = Duration::from_secs(60);
/// The duration after which a run counts as successful, which resets the pauses.
const LONG_RUN: Duration = Duration::from_secs(10);

/// The outcome of a container's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LastRun {
    /// The exit code. `None` if it is unknown.
    pub exit_code: Option<i64>,
    /// `true` if the engine reports that the container's main process was killed for lack of memory.
    pub oom_killed: bool,
    /// The number of restarts so far.
    pub restarts: u64,
    /// The duration of the run.
    pub ran_for: Duration,
}

/// The decision after the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterExit {
    /// Start the container again after a pause.
    Restart,
    /// Leave the container ended.
    Stop,
}

/// The restart options of a request.
#[derive(Clone, Default)]
pub(crate) struct Restarts {
    pub(crate) decide: Option<Arc<Decide>>,
    pub(crate) most: Option<u32>,
}

/// The user function that decides.
pub(crate) type Decide = dyn Fn(LastRun) -> AfterExit + Send + Sync;

impl Restarts {
    pub(crate) fn are_wanted(&self) -> bool {
        self.decide.is_some()
    }

    pub(crate) fn decide(&self) -> Option<Arc<Decide>> {
        self.decide.clone()
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace { next: FIRST, left: self.most }
    }

    /// Checks the options before anything is started.
    pub(crate) fn check(&self, host: &HostConfig) -> Result<()> {
        if !self.are_wanted() {
            return match self.most {
                None => Ok(()),
                Some(_) => Err(Error::invalid(
                    "`max_restarts` limits the restarts of `restart_when`; set both or neither",
                )),
            };
        }
        if self.most == Some(0) {
            return Err(Error::invalid(
                "`max_restarts` is 0, so `restart_when` would never restart; set it to at least 1, or remove both",
            ));
        }
        let policy = host.restart_policy.as_ref().and_then(|policy| policy.name);
        if !matches!(policy, None | Some(RestartPolicyNameEnum::EMPTY | RestartPolicyNameEnum::NO)) {
            return Err(Error::invalid(
                "the request has both a restart policy and `restart_when`, which exclude each other; remove one",
            ));
        }
        if host.auto_remove == Some(true) {
            return Err(Error::invalid(
                "the request has both `auto_remove` and `restart_when`, but a removed container can't be restarted; remove one",
            ));
        }
        Ok(())
    }
}

impl fmt::Debug for Restarts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restarts").field("are_wanted", &self.are_wanted()).field("most", &self.most).finish()
    }
}

/// The pauses before restarts, and the number of remaining restarts. Pauses double from 100 ms to 60 s, and start over
/// after a long run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    next: Duration,
    left: Option<u32>,
}

impl Pace {
    /// Returns the pause after a run of this duration, or `None` if no restart is left.
    pub(crate) fn after(&mut self, ran_for: Duration) -> Option<Duration> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1)?;
        }
        if ran_for >= LONG_RUN {
            self.next = FIRST;
        }
        let pause = self.next;
        self.next = (pause * 2).min(LONGEST);
        Some(pause)
    }
}

#[cfg(test)]
mod tests {
    use bollard::models::RestartPolicy;
    use proptest::prelude::*;

    use super::*;

    fn pace(most: Option<u32>) -> Pace {
        Restarts { decide: None, most }.pace()
    }

    fn pauses(runs: &[f64], most: Option<u32>) -> Vec<Option<u128>> {
        let mut pace = pace(most);
        runs.iter()
            .map(|seconds| pace.after(Duration::from_secs_f64(*seconds)).map(|pause| pause.as_millis()))
            .collect()
    }

    /// M2: the pauses double to one minute.
    #[test]
    fn pauses_double_to_a_minute() {
        let pauses = pauses(&[0.0; 13], None);
        let expected =
            [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600, 51_200, 60_000, 60_000, 60_000];
        assert_eq!(pauses, expected.map(Some));
    }

    /// M2: a run of ten seconds resets the pauses.
    #[test]
    fn a_run_of_ten_seconds_begins_the_pauses_anew() {
        let runs = [1.0, 1.0, 9.999, 10.0, 0.0, 3_600.0];
        assert_eq!(pauses(&runs, None), [100, 200, 400, 100, 200, 100].map(Some));
    }

    /// M2: the number of restarts has a limit.
    #[test]
    fn there_are_so_many_restarts_and_no_more() {
        assert_eq!(pauses(&[20.0; 4], Some(2)), [Some(100), Some(100), None, None]);
        assert_eq!(pauses(&[0.0; 2], Some(0)), [None, None]);
    }

    /// M2: options that exclude each other are refused.
    #[test]
    fn options_that_exclude_each_other_are_refused() {
        let wanted = |most| Restarts { decide: Some(Arc::new(|_| AfterExit::Stop)), most };
        let host = |name| HostConfig {
            restart_policy: Some(RestartPolicy { name, maximum_retry_count: None }),
            ..HostConfig::default()
        };
        let gone = HostConfig { auto_remove: Some(true), ..HostConfig::default() };
        for (restarts, host, word) in [
            (wanted(None), HostConfig::default(), ""),
            (wanted(Some(1)), host(Some(RestartPolicyNameEnum::NO)), ""),
            (wanted(Some(1)), host(None), ""),
            (wanted(None), host(Some(RestartPolicyNameEnum::ALWAYS)), "which exclude each other"),
            (wanted(None), host(Some(RestartPolicyNameEnum::ON_FAILURE)), "which exclude each other"),
            (wanted(None), gone, "`auto_remove`"),
            (wanted(Some(0)), HostConfig::default(), "at least 1"),
            (Restarts { decide: None, most: Some(3) }, HostConfig::default(), "both or neither"),
            (Restarts::default(), host(Some(RestartPolicyNameEnum::ALWAYS)), ""),
        ] {
            let outcome = restarts.check(&host).map_err(|error| error.to_string());
            let is_so = match (&outcome, word) {
                (Ok(()), "") => true,
                (Err(message), word) => !word.is_empty() && message.contains(word),
                (Ok(()), _) => false,
            };
            assert!(is_so, "{restarts:?}: {outcome:?}");
        }
    }

    proptest! {
        /// M2: every pause is within its bounds.
        #[test]
        fn pauses_stay_within_their_bounds(
            runs in proptest::collection::vec(0_u64..30_000, 0..60), most in proptest::option::of(0_u32..40),
        ) {
            let mut pace = pace(most);
            let pauses: Vec<_> = runs.iter().map(|millis| pace.after(Duration::from_millis(*millis))).collect();
            let made = pauses.iter().flatten().count();
            prop_assert_eq!(made, runs.len().min(most.map_or(usize::MAX, |most| most as usize)));
            prop_assert!(pauses.iter().flatten().all(|pause| (FIRST..=LONGEST).contains(pause)));
            prop_assert!(pauses.iter().skip_while(|pause| pause.is_some()).all(Option::is_none));
        }
    }
}
