//! The options of `seatrial run`, and what they mean together.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args, ValueEnum};
use seatrial_runner::{Error, ListKind, Lists, Patterns, RequestFile, Result, Rules, Shard, Source, Way};

const EXAMPLES: &str = r#"Examples:
  Python's own tests, module by module, in four containers:
    seatrial run --image python:3.12 --pool 4 \
        --list 'python3 -m test --list-tests' -- python3 -m test {case}

  The scripts of a folder, with a report for CI, one machine of three:
    seatrial run --image debian:12 --copy tests:/tests --glob 'tests/*.sh' --shard 1/3 \
        --junit junit.xml -- sh -e /{case}

  Cases from another program, each in a shell, ten times over to find what is flaky:
    list-cases | seatrial run --image alpine:3 --cases - --repeat 10 -- sh -c 'run "$0"' {case}

Lists name cases, or mean them by globs (`test_*`) or regular expressions (`regex:^a.*z$`), one per line; behind a
blank and `#` stands the reason. Commands given as one word are split as a shell splits them, and run without one.

Exit codes:
  0    every case came to what it should: passed, flaky, or failed as expected
  1    cases failed, or passed that were expected to fail; with --repeat, or are flaky
  2    something is wrong with what was asked for; nothing was run
  3    cases could not be run: the engine or the containers failed
  4    the time of the whole run was up
  130  interrupted; a second interrupt ends it at once, and the session's reaper removes what is left

Environment:
  SEATRIAL_POOL_SIZE  how many containers, unless --pool says so
  SEATRIAL_CASE       is set for each case: its name
  GITHUB_ACTIONS      `true` adds annotations to the output
  CI                  anything but `false` has progress told by a line now and then, not by lines that change
  DOCKER_HOST, SEATRIAL_REAPER, SEATRIAL_RUNTIME and all others of the library mean what they mean there."#;

/// What is run, where, and how.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES, after_help = "`--help` has examples, exit codes and variables.")]
#[command(group = ArgGroup::new("source").required(true).args(["cases", "glob", "list"]))]
pub(crate) struct RunArgs {
    /// The command of a case: words, in which `{case}` stands for its name. It is run without a shell.
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<String>,

    /// The image of the containers.
    #[arg(long, help_heading = "Containers")]
    pub(crate) image: Option<String>,
    /// A TOML file that describes them: image, environment, mounts, limits.
    #[arg(long, value_name = "FILE", help_heading = "Containers")]
    pub(crate) request: Option<PathBuf>,
    /// Leaves it to the image's own command to keep a container running; else that is the program that runs cases.
    #[arg(long, help_heading = "Containers")]
    own_command: bool,
    /// How many containers; by default one per core, 8 at most, and no more than cases.
    #[arg(long, value_name = "N", help_heading = "Containers")]
    pool: Option<usize>,
    /// A variable of their environment.
    #[arg(long, value_name = "NAME=VALUE", value_parser = pair('='), help_heading = "Containers")]
    env: Vec<(String, String)>,
    /// A file or directory that is copied in before the start.
    #[arg(long, value_name = "FROM:TO", value_parser = pair(':'), help_heading = "Containers")]
    copy: Vec<(String, String)>,
    /// A command that is run once in each container before its first case; may be given again.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Containers")]
    setup: Vec<Words>,
    /// A command that is run in a container after each case; where it fails, the container is replaced.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Containers")]
    reset: Option<Words>,
    /// Gives each case a container of its own.
    #[arg(long, conflicts_with = "reset", help_heading = "Containers")]
    fresh: bool,

    /// A file with the name of a case per line; `-` is standard input.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    cases: Option<PathBuf>,
    /// The files of this machine that a glob means are the cases, by their paths.
    #[arg(long, value_name = "GLOB", help_heading = "Cases")]
    glob: Option<String>,
    /// A command that prints the name of a case per line, in a container of its own.
    #[arg(long, value_name = "COMMAND", value_parser = words, help_heading = "Cases")]
    list: Option<Words>,
    /// Only cases that this means; may be given again.
    #[arg(long, value_name = "PATTERN", help_heading = "Cases")]
    filter: Vec<String>,
    /// Not the cases that this means; may be given again.
    #[arg(long, value_name = "PATTERN", help_heading = "Cases")]
    exclude: Vec<String>,
    /// A list of cases that are not run.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    excluded: Vec<PathBuf>,
    /// A list of cases that fail; one that passes is an error.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    expected_failures: Vec<PathBuf>,
    /// A list of cases that fail at times, and are tried more often.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    flaky: Vec<PathBuf>,
    /// A list of cases that are run while nothing else is.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    exclusive: Vec<PathBuf>,
    /// Only a part of the cases, the second of five for example.
    #[arg(long, value_name = "N/OF", default_value = "1/1", help_heading = "Cases")]
    pub(crate) shard: Shard,
    /// A record of how long cases took, which is read before the run and written after it. The longest are run first,
    /// and shards take about as long.
    #[arg(long, value_name = "FILE", help_heading = "Cases")]
    pub(crate) durations: Option<PathBuf>,

    /// How long a case may take, `90s` for example.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = time, help_heading = "How they run")]
    timeout: Duration,
    /// How long the whole run may take; longer than a case.
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "How they run")]
    run_timeout: Option<Duration>,
    /// How many times a case that failed is tried again alone.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "How they run")]
    attempts: u32,
    /// The same for cases on a flaky list.
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "How they run")]
    flaky_attempts: u32,
    /// How many times each case is run; with more than one, what is flaky counts as failed.
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "How they run")]
    repeat: u32,
    /// Ends the run with the first failure.
    #[arg(long, help_heading = "How they run")]
    fail_fast: bool,
    /// Where the cases run; by default the image's working directory.
    #[arg(long, value_name = "DIR", help_heading = "How they run")]
    workdir: Option<String>,
    /// Who runs them: a name or an id, and a group after a colon.
    #[arg(long, help_heading = "How they run")]
    user: Option<String>,
    /// How cases get into a container: by the agent, which is fast, or by the engine's exec.
    #[arg(long, value_enum, default_value_t = Exec::Auto, help_heading = "How they run")]
    exec: Exec,
    /// Gives each case a throw-away layer above the root, so that what it writes is gone after it; the containers need
    /// the capability `SYS_ADMIN` for that, by the request file.
    #[arg(long, help_heading = "How they run")]
    isolated: bool,
    /// How much of each of a case's streams is kept.
    #[arg(long, value_name = "SIZE", default_value = "1m", value_parser = size, help_heading = "How they run")]
    output_limit: usize,

    /// Writes a JUnit report.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) junit: Option<PathBuf>,
    /// Writes a line of JSON per case; `-` is standard output.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) json: Option<PathBuf>,
    /// Draws what each container did when, as a page of HTML.
    #[arg(long, value_name = "FILE", help_heading = "Reports")]
    pub(crate) timeline: Option<PathBuf>,
    /// The name of the suite in the JUnit report; by default the image.
    #[arg(long, value_name = "NAME", help_heading = "Reports")]
    pub(crate) suite: Option<String>,
    /// Tells nothing but failures and the end.
    #[arg(long, short, conflicts_with = "verbose", help_heading = "Reports")]
    pub(crate) quiet: bool,
    /// Tells of every case.
    #[arg(long, short, help_heading = "Reports")]
    pub(crate) verbose: bool,
}

/// How cases get into a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Exec {
    /// By the agent where it can be, else by the engine.
    Auto,
    /// By the agent or not at all.
    Agent,
    /// By the engine.
    Engine,
}

/// A command that was given as one word.
#[derive(Clone, Debug)]
struct Words(Vec<String>);

impl RunArgs {
    pub(crate) fn command(&self) -> &[String] {
        &self.command
    }

    /// What the containers are.
    ///
    /// # Errors
    /// Invalid, as [`RequestFile::read`].
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

    /// Where the cases come from.
    pub(crate) fn source(&self) -> Source {
        match (&self.cases, &self.glob, &self.list) {
            (Some(path), ..) if path.as_os_str() == "-" => Source::Stdin,
            (Some(path), ..) => Source::File(path.clone()),
            (_, Some(glob), _) => Source::Glob(glob.clone()),
            (_, _, list) => Source::Command(list.clone().map(|words| words.0).unwrap_or_default()),
        }
    }

    /// # Errors
    /// Invalid, if one of them is no pattern.
    pub(crate) fn filters(&self) -> Result<Vec<Patterns>> {
        self.filter.iter().map(|filter| Patterns::one(filter)).collect()
    }

    /// # Errors
    /// Invalid, if a list can't be read.
    pub(crate) fn lists(&self) -> Result<Lists> {
        let mut lists = Lists::new();
        let files = [
            (ListKind::Excluded, &self.excluded),
            (ListKind::ExpectedFailure, &self.expected_failures),
            (ListKind::Flaky, &self.flaky),
            (ListKind::Exclusive, &self.exclusive),
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

    pub(crate) fn setup(&self) -> Vec<Vec<String>> {
        self.setup.iter().map(|words| words.0.clone()).collect()
    }

    /// Sets all that has to do with how cases run.
    pub(crate) fn apply_to(&self, mut run: seatrial_runner::Run) -> seatrial_runner::Run {
        let Self { attempts, flaky_attempts, repeat, fail_fast, .. } = *self;
        let mut rules = Rules::default();
        (rules.attempts, rules.flaky_attempts, rules.repeat) = (attempts, flaky_attempts, repeat);
        rules.fail_fast = fail_fast;
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
        if let Some(dir) = &self.workdir {
            run = run.workdir(dir);
        }
        if let Some(user) = &self.user {
            run = run.user(user);
        }
        if self.isolated {
            run = run.isolated();
        }
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
        None => Err("a quote is not closed, or there is a backslash at the end".to_owned()),
        Some(words) if words.is_empty() => Err("there is no command in it".to_owned()),
        Some(words) => Ok(Words(words)),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    seatrial_core::duration::parse(text).map_err(|error| error.to_string())
}

fn size(text: &str) -> Result<usize, String> {
    let bytes = seatrial_runner::parse_size(text)?;
    usize::try_from(bytes).map_err(|_| format!("`{text}` is more than there is"))
}

/// Two texts around a character, neither of which is empty but the second may be for a variable.
fn pair(between: char) -> impl Fn(&str) -> Result<(String, String), String> + Clone + Send + Sync + 'static {
    move |text| match text.split_once(between) {
        Some((first, second)) if !first.is_empty() && (between == '=' || !second.is_empty()) => {
            Ok((first.to_owned(), second.to_owned()))
        }
        _ => Err(format!("`{text}` is not two texts with a `{between}` between them")),
    }
}
