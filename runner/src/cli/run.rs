//! `seatrial run`: reads the cases, runs them, and writes the reports.

use std::io::IsTerminal;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use seatrial::ContainerRequest;
use seatrial_runner::{
    CaseList, Choice, Console, Done, Durations, Error, JsonLines, Junit, Lists, Look, Observer, Patterns,
    Plan, Reports, Result, Run, Sink, Source, Template, chain,
};

use super::args::RunArgs;
use super::{ci, signals};

/// Runs cases, and returns the exit code.
///
/// # Errors
/// Invalid, if the request can't be carried out as it is; the engine's.
pub(crate) async fn run(args: RunArgs) -> Result<u8> {
    let wanted = Wanted::of(&args)?;
    let files = Files::open(&args, &wanted.image)?;
    let stop = signals::interrupted();
    let mut stop = std::pin::pin!(stop);
    let source = args.source();
    if let Source::Command(_) = source {
        // No container is started to list the cases of a run that would be refused: any name stands for all of them.
        drop(wanted.run(&args, CaseList::new(["a case of unknown name"], "nothing")?)?);
    }
    let setup = args.setup();
    let cases = tokio::select! {
        cases = source.read(&wanted.request, &setup) => cases?,
        () = &mut stop => return Ok(130),
    };
    let (run, mut durations) = wanted.run(&args, cases)?;
    let plan = run.plan();
    for entry in plan.marks().unmatched() {
        eprintln!("{}", ci::printed(&format!("warning: no case matches {entry}")));
    }
    if plan.is_empty() && plan.excluded().is_empty() && !args.shard.is_part() {
        return Err(Error::invalid("no case is left to run: none matches the filters"));
    }
    let mut reports = files.reports(&args, &wanted.image, &run);
    let cases = args.durations.is_some().then(|| plan.cases().clone());
    let mut done = run.go(&mut reports, stop).await?;
    reports.done(&done);
    if let (Some(path), Some(cases)) = (&args.durations, &cases) {
        done.note_in(&mut durations);
        let written = durations.write(path, cases);
        done.lost_reports.extend(written.err().map(|error| chain(&error)));
    }
    done.lost_reports.extend(reports.close().iter().map(|error| chain(error)));
    tell_lost_reports(&done);
    Ok(done.exit_code())
}

/// The parts of a run that are known before its cases.
struct Wanted {
    template: Template,
    request: ContainerRequest,
    image: String,
    filters: Vec<Patterns>,
    lists: Lists,
}

impl Wanted {
    fn of(args: &RunArgs) -> Result<Self> {
        let template = Template::new(args.command())?;
        let file = args.request_file()?;
        let image = file.image().unwrap_or_default().to_owned();
        Ok(Self { template, request: file.request()?, image, filters: args.filters()?, lists: args.lists()? })
    }

    /// Plans a run of these cases.
    fn run(&self, args: &RunArgs, cases: CaseList) -> Result<(Run, Durations)> {
        let durations = match &args.durations {
            Some(path) => Durations::read(path, &cases)?,
            None => Durations::default(),
        };
        let choice = Choice { lists: self.lists.clone(), filters: self.filters.clone(), shard: args.shard };
        let plan = Plan::new(cases, choice, &durations)?;
        let run = args.apply_to(Run::new(self.request.clone(), self.template.clone(), plan)?);
        run.check()?;
        Ok((run, durations))
    }
}

/// The reports that are written to files, opened before the run: one that can't be written is found out now.
struct Files {
    junit: Option<Junit>,
    json: Option<JsonLines>,
    sink: Sink,
}

impl Files {
    fn open(args: &RunArgs, image: &str) -> Result<Self> {
        let sink = match (is_stdout(args.junit.as_deref()), is_stdout(args.json.as_deref())) {
            (false, false) => Sink::Stdout,
            (true, true) => {
                let message = "`--junit` and `--json` are both standard output, and only one report can be";
                return Err(Error::invalid(message));
            }
            _ => Sink::Stderr,
        };
        let suite = args.suite.as_deref().unwrap_or(image);
        let junit = args.junit.as_deref().map(|path| Junit::create(path, suite)).transpose()?;
        let json = args.json.as_deref().map(JsonLines::create).transpose()?;
        for (what, path) in [("timeline", &args.timeline), ("record of durations", &args.durations)] {
            let Some(path) = path else { continue };
            let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            tempfile::tempfile_in(folder.unwrap_or(Path::new("."))).map_err(|error| {
                let message = format!("the {what} can't be written to `{}`", path.display());
                Error::invalid(message).with_source(error)
            })?;
        }
        Ok(Self { junit, json, sink })
    }

    /// Returns the reports of a run, and its display.
    fn reports(self, args: &RunArgs, image: &str, run: &Run) -> Reports {
        let mut reports = Reports::default();
        let mut console = Console::new(look(args), run.plan().len()).sink(self.sink);
        if ci::is_github() {
            console = console.for_github();
        } else if ci::reads_commands() {
            console = console.for_ci();
        }
        reports.add(if args.verbose { console.verbose() } else { console });
        if let Some(junit) = self.junit {
            reports.add(junit);
        }
        if let Some(mut json) = self.json {
            json.begin(image, run);
            reports.add(json);
        }
        reports
    }
}

/// Returns `true` if a report is written to standard output, or to the file that standard output is.
fn is_stdout(path: Option<&Path>) -> bool {
    let Some(path) = path else { return false };
    let stdout = std::io::stdout().as_fd().try_clone_to_owned().map(std::fs::File::from);
    let stdout = stdout.and_then(|stdout| stdout.metadata());
    let is_same = |stdout: std::fs::Metadata| {
        std::fs::metadata(path).is_ok_and(|file| (file.dev(), file.ino()) == (stdout.dev(), stdout.ino()))
    };
    path.as_os_str() == "-" || stdout.is_ok_and(is_same)
}

fn look(args: &RunArgs) -> Look {
    if args.quiet {
        Look::Quiet
    } else if std::io::stderr().is_terminal() && !ci::is_ci() {
        Look::Terminal
    } else {
        Look::Lines
    }
}

/// Names the reports that could not be written: these are the last lines on standard error.
fn tell_lost_reports(done: &Done) {
    for lost in &done.lost_reports {
        eprintln!("error: {}", lost.replace('\n', "; "));
    }
}
