//! A run as a value: its plan, its containers and its options.

use std::path::PathBuf;
use std::time::Duration;

use seatrial::ContainerRequest;

use crate::error::{Error, Result};
use crate::execute::{Limits, Way};
use crate::plan::Plan;
use crate::rules::Rules;
use crate::template::Template;

/// Cases that are to be run in a pool of containers.
///
/// ```no_run
/// use seatrial::ContainerRequest;
/// use seatrial_runner::{CaseList, Choice, Durations, Observer, Plan, Run, Template};
///
/// # async fn example() -> seatrial_runner::Result<()> {
/// let cases = CaseList::new(["test_json", "test_dict"], "the example")?;
/// let plan = Plan::new(cases, Choice::default(), &Durations::default())?;
/// let command = Template::new(["python3", "-m", "test", "{case}"])?;
/// let request = ContainerRequest::new("python:3.11").for_cases();
/// let done = Run::new(request, command, plan)?.pool(4).go(&mut (), std::future::pending()).await?;
/// assert!(done.is_success());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a run does nothing until it goes"]
pub struct Run {
    pub(crate) request: ContainerRequest,
    pub(crate) template: Template,
    pub(crate) plan: Plan,
    pub(crate) rules: Rules,
    pub(crate) limits: Limits,
    pub(crate) pool: Option<usize>,
    pub(crate) run_timeout: Option<Duration>,
    pub(crate) setup: Vec<Vec<String>>,
    pub(crate) reset: Option<Vec<String>>,
    pub(crate) fresh: bool,
    pub(crate) timeline: Option<PathBuf>,
}

impl Run {
    /// Creates a run of a plan's cases, each with a command made from the template, in containers of the request.
    ///
    /// The containers have to run until they are removed: by a command of their own, or
    /// [for their cases](ContainerRequest::for_cases).
    ///
    /// # Errors
    /// Invalid, if the name of a case makes a word longer than Linux accepts.
    pub fn new(request: ContainerRequest, template: Template, plan: Plan) -> Result<Self> {
        for case in plan.shared().iter().chain(plan.alone()) {
            template.check(plan.name(*case))?;
        }
        let memory = request.memory_limit();
        let limits =
            Limits { timeout: Duration::from_secs(600), output: 1 << 20, memory, ..Limits::default() };
        Ok(Self {
            request,
            template,
            plan,
            rules: Rules::default(),
            limits,
            pool: None,
            run_timeout: None,
            setup: Vec::new(),
            reset: None,
            fresh: false,
            timeline: None,
        })
    }

    /// Sets the number of containers. Default: `SEATRIAL_POOL_SIZE`, else one per core, 8 at most; and no more than cases.
    pub fn pool(mut self, containers: usize) -> Self {
        self.pool = Some(containers);
        self
    }

    /// Sets the rules by which cases are attempted, retried and repeated. Default: that of [`Rules`].
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Adds a variable to the environment of every case and set-up command. Default: the container's environment, and
    /// `SEATRIAL_CASE`, the case's name.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.limits.env.push((name.into(), value.into()));
        self
    }

    /// Sets the user of the cases: a name or an id, and a group after a colon. Default: the container's user.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.limits.user = Some(user.into());
        self
    }

    /// Sets the working directory of the cases. Default: the container's.
    pub fn working_dir(mut self, dir: impl Into<String>) -> Self {
        self.limits.working_dir = Some(dir.into());
        self
    }

    /// Sets the time limit of each case. Default: 10 min.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.limits.timeout = timeout;
        self
    }

    /// Sets the time limit of the whole run, from the start of the containers on. Default: none.
    pub fn run_timeout(mut self, timeout: Duration) -> Self {
        self.run_timeout = Some(timeout);
        self
    }

    /// Sets the way by which commands get into a container. Default: the agent where it can run, else the engine's exec.
    pub fn way(mut self, way: Way) -> Self {
        self.limits.way = way;
        self
    }

    /// Gives each case a layer of its own above its container's root, in memory. What the case writes there is gone at its
    /// end, and no other case sees it. Volumes and other mounts are shared. Default: no layer.
    ///
    /// The containers need the capability `SYS_ADMIN`, or have to be privileged, and the cases' user has to be root. The
    /// run is refused where that is known to be missing; where it turns out in the container, cases fail with the reason.
    pub fn isolated(mut self) -> Self {
        self.limits.is_isolated = true;
        self
    }

    /// Sets the most bytes that are kept of each of a case's streams. Default: 1 MiB.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.limits.output = bytes;
        self
    }

    /// Adds the exit code by which a case says that it skipped itself, 77 for example. Default: none.
    pub fn skip_code(mut self, exit_code: i64) -> Self {
        self.limits.skip_codes.push(exit_code);
        self
    }

    /// Adds a command that is run once in each container before its first case. Default: none.
    pub fn setup<T: Into<String>>(mut self, cmd: impl IntoIterator<Item = T>) -> Self {
        self.setup.push(cmd.into_iter().map(Into::into).collect());
        self
    }

    /// Sets the command that is run in a container after each case. Default: none.
    pub fn reset<T: Into<String>>(mut self, cmd: impl IntoIterator<Item = T>) -> Self {
        self.reset = Some(cmd.into_iter().map(Into::into).collect());
        self
    }

    /// Gives each case a fresh container. Default: containers are used again.
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// Writes a page of HTML to this path that shows the use of each container over time. Default: none.
    pub fn timeline(mut self, path: impl Into<PathBuf>) -> Self {
        self.timeline = Some(path.into());
        self
    }

    /// Returns the plan of the run.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Checks the options, as far as that is possible before anything starts. [`go`](Self::go) does so too.
    ///
    /// # Errors
    /// Invalid, if options contradict each other, or if `SEATRIAL_POOL_SIZE` is needed and is no number.
    pub fn check(&self) -> Result<()> {
        let limits = &self.limits;
        self.width()?;
        self.check_time_limits()?;
        if limits.way == Way::Engine
            && let Some(name) = self.plan.cases().iter().find(|name| name.as_str().is_none())
        {
            return Err(Error::invalid(format!(
                "the name `{name}` is not text, and the engine's exec accepts text only; the agent accepts any bytes"
            )));
        }
        if limits.is_isolated {
            self.check_isolation()?;
        }
        if limits.skip_codes.contains(&0) {
            return Err(Error::invalid("exit code 0 means that a case passed, so it can't be a skip code"));
        }
        if self.pool == Some(0) {
            return Err(Error::invalid("a pool of 0 containers runs no case; 1 is the least"));
        }
        if self.rules.repeat == 0 {
            return Err(Error::invalid("a case that is run 0 times has no verdict; 1 is the least"));
        }
        if self.fresh && self.reset.is_some() {
            return Err(Error::invalid("a fresh container for each case needs no reset"));
        }
        if let Some(empty) = self.setup.iter().chain(&self.reset).find(|cmd| cmd.is_empty()) {
            return Err(Error::invalid(format!("a set-up or reset command has no words: {empty:?}")));
        }
        Ok(())
    }

    /// Checks that cases have time, and that the run has more.
    fn check_time_limits(&self) -> Result<()> {
        let Self { limits, run_timeout, .. } = self;
        if limits.timeout.is_zero() {
            return Err(Error::invalid(
                "a time limit of 0 leaves no case any time; give each case a second at least",
            ));
        }
        if let Some(run) = run_timeout
            && *run <= limits.timeout
        {
            return Err(Error::invalid(format!(
                "the time limit of a case is {:?}, and that of the whole run {run:?}: a case that hangs would end the \
                 run; the limit of a case has to be the shorter one",
                limits.timeout
            )));
        }
        Ok(())
    }

    /// Checks that the containers and the user allow isolated cases.
    fn check_isolation(&self) -> Result<()> {
        if self.limits.way == Way::Engine {
            return Err(Error::invalid(
                "isolated cases need the agent: the engine's exec gives no case a root of its own",
            ));
        }
        if !self.request.may_isolate() {
            return Err(Error::invalid(
                "isolated cases need a container with the capability `SYS_ADMIN`: add `cap_add = [\"SYS_ADMIN\"]` or \
                 `privileged = true` to the request file",
            ));
        }
        let number = self.limits.user.as_ref().and_then(|user| user.split(':').next()?.parse::<u32>().ok());
        if let Some(id @ 1..) = number {
            return Err(Error::invalid(format!("isolated cases have to run as root, and not as user {id}")));
        }
        Ok(())
    }

    /// Returns the number of containers of the pool.
    ///
    /// # Errors
    /// Invalid, if `SEATRIAL_POOL_SIZE` is no number.
    pub(crate) fn width(&self) -> Result<usize> {
        if let Some(size) = self.pool {
            return Ok(size);
        }
        let default = match std::env::var("SEATRIAL_POOL_SIZE").ok().filter(|text| !text.trim().is_empty()) {
            None => std::thread::available_parallelism().map_or(1, |cores| cores.get().min(8)),
            Some(text) => text.trim().parse().ok().filter(|size| *size > 0).ok_or_else(|| {
                Error::invalid(format!("`SEATRIAL_POOL_SIZE` is `{text}`, but should be a number from 1"))
            })?,
        };
        Ok(default.min(self.plan.len()).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durations::Durations;
    use crate::list::CaseList;
    use crate::plan::Choice;

    /// R4: *pure*. A pool is as large as it is told to be, else as the cases need it.
    #[test]
    fn a_pool_has_no_more_containers_than_cases_unless_that_is_wanted() {
        let cases = CaseList::new(["only"], "a test").expect("a list");
        let plan = Plan::new(cases, Choice::default(), &Durations::default()).expect("a plan");
        let template = Template::new(["{case}"]).expect("a template");
        let run = Run::new(ContainerRequest::new("x"), template, plan).expect("a run");
        assert_eq!(run.width().expect("a number"), 1);
        assert_eq!(run.pool(3).width().expect("a number"), 3);
    }
}
