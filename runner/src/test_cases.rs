//! A list of cases as the tests of `cargo test` and `cargo nextest run`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use seatrial::{ContainerPool, ContainerRequest};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

use crate::attempt::Attempt;
use crate::durations::Durations;
use crate::error::{Error, Result, chain};
use crate::list::CaseList;
use crate::lists::Lists;
use crate::plan::{Choice, Plan};
use crate::run::Run;
use crate::rules::Place;
use crate::schedule::{Crew, Job, Used};
use crate::template::Template;
use crate::verdict::{Outcome, Verdict};

/// The exit code of a test program that could not create its tests; that of the standard test harness.
const REFUSED: u8 = 101;

/// A test program whose tests are cases, each a command in one container of a pool.
///
/// In `Cargo.toml`, the test has `harness = false`; then it is three lines:
///
/// ```no_run
/// fn main() -> std::process::ExitCode {
///     seatrial_runner::TestCases::of_file("tests/cases.txt").image("alpine:3").command(["run", "{case}"]).main()
/// }
/// ```
///
/// A case that fails is retried alone, in a fresh container, and its test fails only if the case fails again. Listing the
/// tests starts no container, and neither does a run in which all are filtered out. `cargo nextest run` runs each test in a
/// process of its own, and so in a container of its own.
#[derive(Clone, Debug)]
#[must_use = "the tests are run by `main`"]
pub struct TestCases {
    cases: Cases,
    request: Option<ContainerRequest>,
    command: Vec<String>,
    lists: Lists,
    timeout: Duration,
    pool: Option<usize>,
    is_isolated: bool,
    skip_codes: Vec<i64>,
}

#[derive(Clone, Debug)]
enum Cases {
    File(PathBuf),
    Names(Vec<String>),
}

impl TestCases {
    fn new(cases: Cases) -> Self {
        let (lists, timeout) = (Lists::new(), Duration::from_secs(600));
        Self {
            cases,
            request: None,
            command: Vec::new(),
            lists,
            timeout,
            pool: None,
            is_isolated: false,
            skip_codes: Vec::new(),
        }
    }

    /// Creates tests from the names in a file, one per line. The path begins at the package's folder, in which tests run.
    pub fn of_file(path: impl Into<PathBuf>) -> Self {
        Self::new(Cases::File(path.into()))
    }

    /// Creates tests from names.
    pub fn of<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Self::new(Cases::Names(names.into_iter().map(Into::into).collect()))
    }

    /// Sets the image of the containers, which [exist for their cases](ContainerRequest::for_cases). Default: none, which
    /// is refused.
    pub fn image(self, image: impl Into<String>) -> Self {
        self.request(ContainerRequest::new(image).for_cases())
    }

    /// Sets the request of the containers, which have to run until they are removed. Default: none, which is refused.
    pub fn request(mut self, request: ContainerRequest) -> Self {
        self.request = Some(request);
        self
    }

    /// Sets the command of a case, in which `{case}` stands for its name. Default: none, which is refused.
    pub fn command<T: Into<String>>(mut self, words: impl IntoIterator<Item = T>) -> Self {
        self.command = words.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the lists of cases that are treated differently; excluded cases are ignored tests. Default: none.
    pub fn lists(mut self, lists: Lists) -> Self {
        self.lists = lists;
        self
    }

    /// Sets the time limit of each case. Default: 10 min.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Gives each case a layer of its own above its container's root, as [`Run::isolated`] does. Default: no layer.
    pub fn isolated(mut self) -> Self {
        self.is_isolated = true;
        self
    }

    /// Adds the exit code by which a case says that it skipped itself. Its test passes, and the reason is on standard
    /// error: a test that runs can't become an ignored one. Default: none.
    pub fn skip_code(mut self, exit_code: i64) -> Self {
        self.skip_codes.push(exit_code);
        self
    }

    /// Sets the number of containers. Default: that of [`Run::pool`], no more than tests at once, and one under nextest.
    pub fn pool(mut self, containers: usize) -> Self {
        self.pool = Some(containers);
        self
    }

    /// Lists or runs the tests, according to the arguments of the process.
    #[must_use]
    pub fn main(self) -> ExitCode {
        let arguments = Arguments::from_args();
        match self.trials(arguments.test_threads) {
            Ok(trials) => libtest_mimic::run(&arguments, trials).exit_code(),
            Err(error) => {
                eprintln!("error: {}", chain(&error));
                ExitCode::from(REFUSED)
            }
        }
    }

    fn trials(self, threads: Option<usize>) -> Result<Vec<Trial>> {
        let cases = match &self.cases {
            Cases::File(path) => {
                let text = std::fs::read(path).map_err(|error| {
                    let message = format!("the cases can't be read from `{}`", path.display());
                    Error::invalid(message).with_source(error)
                })?;
                CaseList::from_lines(&text, &format!("`{}`", path.display()))?
            }
            Cases::Names(names) => CaseList::new(names, "the test program")?,
        };
        if let Some(name) = cases.iter().find(|name| name.as_str().is_none()) {
            return Err(Error::invalid(format!(
                "the name `{name}` is not text, and the name of a test has to be"
            )));
        }
        let request =
            self.request.ok_or_else(|| Error::invalid("name an image, with `image` or `request`"))?;
        let choice = Choice { lists: self.lists, ..Choice::default() };
        let plan = Plan::new(cases, choice, &Durations::default())?;
        let mut run = Run::new(request, Template::new(self.command)?, plan)?.timeout(self.timeout);
        (run.pool, run.limits.is_isolated) = (self.pool, self.is_isolated);
        run.limits.skip_codes = self.skip_codes;
        run.check()?;
        let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        // Each test is a process of its own there.
        let is_nextest = std::env::var_os("NEXTEST").is_some();
        let width = if is_nextest { 1 } else { run.width()?.min(threads.max(1)) };
        let shared = Arc::new(Shared {
            run,
            width,
            pool: OnceCell::new(),
            used: Used::default(),
            runtimes: Mutex::default(),
        });
        let numbers = 0..u32::try_from(shared.run.plan.cases().len()).unwrap_or(u32::MAX);
        Ok(numbers.map(|case| trial(&shared, case)).collect())
    }
}

/// Everything that the tests of the process share.
struct Shared {
    run: Run,
    width: usize,
    pool: OnceCell<ContainerPool>,
    used: Used,
    /// Runtimes that no test uses at the moment.
    runtimes: Mutex<Vec<Runtime>>,
}

fn trial(shared: &Arc<Shared>, case: u32) -> Trial {
    let name = shared.run.plan.name(case).as_str().unwrap_or_default().to_owned();
    let is_ignored = shared.run.plan.mark(case).is_excluded;
    let shared = Arc::clone(shared);
    Trial::test(name, move || shared.test(case)).with_ignored_flag(is_ignored)
}

impl Shared {
    fn test(&self, case: u32) -> Result<(), Failed> {
        let idle = self.runtimes().pop();
        let runtime = match idle {
            Some(runtime) => runtime,
            None => Builder::new_current_thread().enable_time().build()?,
        };
        let outcome = runtime.block_on(self.verdict(case));
        self.runtimes().push(runtime);
        outcome
    }

    async fn verdict(&self, case: u32) -> Result<(), Failed> {
        let pool = self
            .pool
            .get_or_try_init(|| self.run.pool_of(self.width))
            .await
            .map_err(|error| chain(&error))?;
        let crew = Crew::new(&self.run, pool, &self.used);
        let mark = self.run.plan.mark(case);
        let first = if mark.is_alone { Place::Alone } else { Place::Shared };
        let mut last = crew.make(Job { case, place: first, is_retry: false }).await;
        let mut outcomes = vec![last.outcome()];
        let retries = if mark.is_flaky { self.run.rules.flaky_retries } else { self.run.rules.retries };
        for _ in 0..retries {
            let is_decided = mark.is_expected_to_fail && last.outcome() == Outcome::Fail;
            if matches!(last.outcome(), Outcome::Pass | Outcome::Skip) || is_decided {
                break;
            }
            last = crew.make(Job { case, place: Place::Alone, is_retry: true }).await;
            outcomes.push(last.outcome());
        }
        match Verdict::of(&outcomes, mark) {
            Verdict::Passed | Verdict::ExpectedFailure => Ok(()),
            Verdict::Flaky => {
                let name = self.run.plan.name(case);
                eprintln!("flaky: {name} failed, and passed when it was retried alone");
                Ok(())
            }
            Verdict::Skipped => {
                eprintln!("skipped: {}: {}", self.run.plan.name(case), last.end);
                Ok(())
            }
            Verdict::UnexpectedPass => {
                Err("it passed, and is on a list of expected failures: take it off the list".into())
            }
            _ => Err(told(&last).into()),
        }
    }

    fn runtimes(&self) -> MutexGuard<'_, Vec<Runtime>> {
        self.runtimes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the message of a test whose case failed: the end of its last attempt, and the output.
fn told(attempt: &Attempt) -> String {
    let Attempt { end, member, .. } = attempt;
    let mut text = if member.is_empty() { end.to_string() } else { format!("{end}, in {member}") };
    let (stdout, stderr) = attempt.output.held();
    for (name, bytes) in [("stdout", stdout), ("stderr", stderr)] {
        if !bytes.is_empty() {
            text.push_str(&format!("\n{name}:\n{}", String::from_utf8_lossy(bytes)));
        }
    }
    text
}
