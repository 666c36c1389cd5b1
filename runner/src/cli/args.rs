//! The options of `seatrial run`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use seatrial_runner::{Error, ListKind, Lists, Patterns, RequestFile, Result, Rules, Shard, Source, Way};

const EXAMPLES: &str = r#"Examples:
  Python's own tests, module by module, in four containers:
    seatrial run --image python:3.12 --pool 4 \
        --list 'python3 -m test --list-tests' -- python3 -m test {case}

  The scripts of a folder, with a report for CI, on one machine of three:
    seatrial run --image debian:12 --copy tests:/tests --glob 'tests/*.sh' --shard 1/3 \
        --junit junit.xml -- sh -e /{case}

  Cases from another program, each in a shell, ten times, to find those that are flaky:
    list-cases | seatrial run --image alpine:3 --cases - --repeat 10 -- sh -c 'run "$0"' {case}

Lists have one entry per line: the name of a case, a glob (`test_*`) or a regular expression (`regex:^a.*z$`), and after
a blank and `#` the reason. A command that is given as one word is split as a shell splits it, and run without one.

Exit codes:
  0    success: every case passed, is flaky, failed as expected, or skipped itself
  1    cases failed, or passed that were expected to fail; with --repeat, also if cases are flaky
  2    the request can't be carried out as it is; nothing was run
  3    cases could not be run: the engine or the containers failed
  4    the time of the whole run was up
  5    a report or the record of durations could not be written; the last line on standard error names it
  130  interrupted, by Ctrl-C, SIGTERM, SIGHUP or SIGQUIT; a second signal ends the process at once, and the session's
       reaper removes the containers

Environment:
  SEATRIAL_POOL_SIZE  the number of containers, without --pool
  SEATRIAL_CASE       is set for each case: its name
  GITHUB_ACTIONS      `true` adds annotations to the output
  CI                  any value but `false`: progress is shown by a line now and then, not by lines that change
  GITHUB_ACTIONS, TF_BUILD, TEAMCITY_VERSION
                      if set, the output of cases is printed so that the CI service takes no commands from it
  DOCKER_HOST, SEATRIAL_REAPER, SEATRIAL_RUNTIME and other variables of the library mean the same here."#;

/// The arguments of `seatrial run`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES, after_help = "`--help` has examples, exit codes and variables.")]
#[command(group = ArgGroup::new("source").required(true).args(["cases", "glob", "list"]))]
pub(crate) struct RunArgs {
    /// The command of a case, in which `{case}` stands for the case's name. It is run without a shell.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,

    /// The image of the containers.
    #[arg(long, help_heading = "Containers")]
    pub(crate) image: Option<String>,
    /// A TOML file that describes the containers: image, environment, mounts, limits.
    #[arg(long, value_name = "FILE", help_heading = "Containers")]
    pub(crate) request: Option<PathBuf>,
    /// Lets the image's own command keep a container running. Without this option, the program that runs cases does.
    #[arg(long, help_heading = "Containers")]
    own_command: bool,
    /// The number of containers. Default: one per core, 8 at most, and no more than cases.
    #[arg(long, value_name = "N", help_heading = "Containers")]
    pool: Option<usize>,
    /// A variable of the containers' environment; may be given again.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair('='), help_heading = "Containers")]
    env: Vec<(String, String)>,
    /// A file or directory that is copied into each container before its start; may be given again.
    #[arg(long, value_name = "FROM:TO", value_parser = pair(':'), help_heading = "Containers")]
    copy: Vec<(String, String)>,
    /// A command that is run once in each container before its first case; may be given again.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Containers")]
    setup: Vec<Words>,
    /// A command that is run in a container after each case. If it fails, the container is replaced.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Containers")]
    reset: Option<Words>,
    /// Gives each case a fresh container.
    #[arg(long, conflicts_with = "reset", help_heading = "Containers")]
    fresh: bool,

    /// A file with the name of one case per line; `-` is standard input.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    cases: Option<PathBuf>,
    /// A glob; the paths of this machine's files that match it are the cases.
    #[arg(long, value_name = "GLOB", help_heading = "Cases")]
    glob: Option<String>,
    /// A command that prints the name of one case per line; it is run in a container of its own.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Cases")]
    list: Option<Words>,
    /// Runs only cases that match this pattern; may be given again.
    #[arg(long, value_name = "PATTERN", help_heading = "Cases")]
    filter: Vec<String>,
    /// Does not run cases that match this pattern; may be given again.
    #[arg(long, value_name = "PATTERN", help_heading = "Cases")]
    exclude: Vec<String>,
    /// A list of cases that are not run; may be given again, as all lists.
    #[arg(long, alias = "excluded", value_name = "FILE", help_heading = "Cases")]
    exclude_list: Vec<PathBuf>,
    /// A list of cases that fail. One that passes fails the run.
    #[arg(long, alias = "expected-failures", value_name = "FILE", help_heading = "Cases")]
    expected_failure_list: Vec<PathBuf>,
    /// A list of cases that fail at times, and are retried more often.
    #[arg(long, alias = "flaky", value_name = "FILE", help_heading = "Cases")]
    flaky_list: Vec<PathBuf>,
    /// A list of cases each of which runs alone, while no other case does.
    #[arg(long, alias = "exclusive", value_name = "FILE", help_heading = "Cases")]
    alone_list: Vec<PathBuf>,
    /// Runs only a part of the cases: the second of five, for example.
    #[arg(long, value_name = "N/OF", default_value = "1/1", help_heading = "Cases")]
    pub(crate) shard: Shard,
    /// A record of the durations of cases, which is read before the run and written after it. With it, the longest cases
    /// are run first, and shards take about the same time.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    pub(crate) durations: Option<PathBuf>,

    /// The time limit of each case: `90s`, for example.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time, help_heading = "How they run")]
    timeout: Duration,
    /// The time limit of the whole run; longer than that of a case.
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "How they run")]
    run_timeout: Option<Duration>,
    /// The number of times that a failed case is retried, alone and in a fresh container.
    #[arg(long, alias = "attempts", value_name = "N", default_value_t = 1, help_heading = "How they run")]
    retries: u32,
    /// The same for cases on a flaky list.
    #[arg(
        long,
        alias = "flaky-attempts",
        value_name = "N",
        default_value_t = 3,
        help_heading = "How they run"
    )]
    flaky_retries: u32,
    /// The most failed cases that are retried. If more fail, none is. Default: any number.
    #[arg(long, value_name = "N", help_heading = "How they run")]
    max_retries: Option<u32>,
    /// An exit code by which a case says that it skipped itself, 77 for example; may be given again.
    #[arg(long, value_name = "CODE", help_heading = "How they run")]
    skip_code: Vec<i64>,
    /// The number of times that each case is run. With more than one, flaky cases count as failed.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "How they run")]
    repeat: u32,
    /// Ends the run with the first failure.
    #[arg(long, help_heading = "How they run")]
    fail_fast: bool,
    /// The working directory of the cases. Default: the image's.
    #[arg(long, alias = "workdir", value_name = "DIR", help_heading = "How they run")]
    working_dir: Option<String>,
    /// The user of the cases: a name or an id, and a group after a colon. Default: the image's.
    #[arg(long, help_heading = "How they run")]
    user: Option<String>,
    /// The way by which cases get into a container: the agent, which is fast, or the engine's exec.
    #[arg(long, value_enum, default_value_t = Exec::Auto, help_heading = "How they run")]
    exec: Exec,
    /// Gives each case a layer of its own above the root, so that the files it writes are gone after it. The containers
    /// need the capability `SYS_ADMIN` for that, in the request file.
    #[arg(long, help_heading = "How they run")]
    isolated: bool,
    /// The most output of each of a case's streams that is kept.
    #[arg(long, value_name = "SIZE", default_value = "1m", value_parser = size, help_heading = "How they run")]
    output_limit: usize,

    /// Writes a JUnit report; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes a line of JSON per case, as soon as its verdict is known; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) json: Option<PathBuf>,
    /// Writes a page of HTML that shows the use of each container over time.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) timeline: Option<PathBuf>,
    /// The name of the suite in the JUnit report. Default: the image.
    #[arg(long, value_name = "NAME", help_heading = "Reports")]
    pub(crate) suite: Option<String>,
    /// Shows failures and the summary only.
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Reports")]
    pub(crate) quiet: bool,
    /// Shows every case.
    #[arg(long, short, help_heading = "Reports")]
    pub(crate) verbose: bool,
}

/// The way by which cases get into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Exec {
    /// By the agent where it can run, else by the engine's exec.
    Auto,
    /// By the agent only.
    Agent,
    /// By the engine's exec.
    Engine,
}

/// A command that was given as one argument.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

impl RunArgs {
    /// Returns the command of a case.
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// Reads the description of the containers.
    ///
    /// # Errors
    /// Those of [`RequestFile::read`], and invalid if a file to copy does not exist.
    pub(crate) fn request_file(&self) -> Result<RequestFile> {
        let mut file = match &self.request {
            Some(path) => RequestFile::read(path)?,
            None => RequestFile::default(),
        };
        if let Some(image) = &self.image {
            file = file.with_image(image);
        }
        if self.own_command {
            file = file.with_own_command();
        }
        file = self.env.iter().fold(file, |file, (name, value)| file.with_env(name, value));
        for (from, to) in &self.copy {
            if !std::path::Path::new(from).exists() {
                return Err(Error::invalid(format!("`--copy {from}:{to}`: there is no `{from}`")));
            }
            file = file.with_copy(from, to);
        }
        Ok(file)
    }

    /// Returns the source of the cases.
    pub(crate) fn source(&self) -> Source {
        match (&self.cases, &self.glob, &self.list) {
            (Some(path), ..) if path.as_os_str() == "-" => Source::Stdin,
            (Some(path), ..) => Source::File(path.clone()),
            (_, Some(glob), _) => Source::Glob(glob.clone()),
            (_, _, list) => Source::Command(list.clone().map(|words| words.0).unwrap_or_default()),
        }
    }

    /// Compiles the filters.
    ///
    /// # Errors
    /// Invalid, if one of them is not a valid pattern.
    pub(crate) fn filters(&self) -> Result<Vec<Patterns>> {
        self.filter.iter().map(|filter| Patterns::one(filter)).collect()
    }

    /// Reads the lists.
    ///
    /// # Errors
    /// Invalid, if a list can't be read.
    pub(crate) fn lists(&self) -> Result<Lists> {
        let mut lists = Lists::new();
        let files = [
            (ListKind::Excluded, &self.exclude_list),
            (ListKind::ExpectedFailure, &self.expected_failure_list),
            (ListKind::Flaky, &self.flaky_list),
            (ListKind::Alone, &self.alone_list),
        ];
        for (kind, paths) in files {
            for path in paths {
                lists.add_file(kind, path)?;
            }
        }
        for pattern in &self.exclude {
            lists.add(ListKind::Excluded, pattern, "`--exclude`");
        }
        Ok(lists)
    }

    /// Returns the commands of the set-up.
    pub(crate) fn setup(&self) -> Vec<Vec<String>> {
        self.setup.iter().map(|words| words.0.clone()).collect()
    }

    /// Sets the options of a run.
    pub(crate) fn apply_to(&self, mut run: seatrial_runner::Run) -> seatrial_runner::Run {
        let Self { retries, flaky_retries, max_retries, repeat, fail_fast, .. } = *self;
        let rules = Rules { retries, flaky_retries, max_retries, repeat, fail_fast, ..Rules::default() };
        run = run.rules(rules).timeout(self.timeout).output_limit(self.output_limit);
        run = run.way(match self.exec {
            Exec::Auto => Way::Auto,
            Exec::Agent => Way::Agent,
            Exec::Engine => Way::Engine,
        });
        if let Some(containers) = self.pool {
            run = run.pool(containers);
        }
        if let Some(timeout) = self.run_timeout {
            run = run.run_timeout(timeout);
        }
        if let Some(dir) = &self.working_dir {
            run = run.working_dir(dir);
        }
        if let Some(user) = &self.user {
            run = run.user(user);
        }
        if self.isolated {
            run = run.isolated();
        }
        run = self.skip_code.iter().fold(run, |run, code| run.skip_code(*code));
        run = self.setup().into_iter().fold(run, seatrial_runner::Run::setup);
        if let Some(Words(reset)) = &self.reset {
            run = run.reset(reset);
        }
        if let Some(path) = &self.timeline {
            run = run.timeline(path);
        }
        if self.fresh { run.fresh() } else { run }
    }
}

fn words(text: &str) -> Result<Words, String> {
    match shlex::split(text) {
        None => Err("a quote is not closed, or the last character is a backslash".to_owned()),
        Some(words) if words.is_empty() => Err("it has no words".to_owned()),
        Some(words) => Ok(Words(words)),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    seatrial_core::duration::parse(text).map_err(|error| error.to_string())
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = seatrial_runner::parse_size(text)?;
    usize::try_from(bytes).map_err(|_| format!("`{text}` is more than this machine can address"))
}

/// Parses two texts around a character. The first is not empty, and the second only if it is the value of a variable.
fn pair(between: char) -> impl Fn(&str) -> Result<(String, String), String> + Clone + Send + Sync + 'static {
    move |text| match text.split_once(between) {
        Some((first, second)) if !first.is_empty() && (between == '=' || !second.is_empty()) => {
            Ok((first.to_owned(), second.to_owned()))
        }
        _ => Err(format!("`{text}` is not two texts with `{between}` between them")),
    }
}
