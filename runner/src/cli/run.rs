//! `seatrial run`.

use std::io::IsTerminal;
use std::path::Path;

use seatrial_runner::{
    CaseList, Choice, Console, Durations, Error, JsonLines, Junit, Look, Observer, Plan, Reports, Result,
    Run, Source, Template,
};

use super::args::RunArgs;
use super::signals;

/// Runs cases, and gives the exit code.
///
/// # Errors
/// Invalid, for all that can be known to be wrong before anything starts; the engine's.
pub(crate) async fn run(args: RunArgs) -> Result<u8> {
    let template = Template::new(args.command())?;
    let file = args.request_file()?;
    let request = file.request()?;
    let image = file.image().unwrap_or_default().to_owned();
    let (filters, lists) = (args.filters()?, args.lists()?);
    // Before anything starts: reports that can't be written are found out at the end of a long run otherwise.
    let junit = match &args.junit {
        Some(path) => Some(Junit::create(path, args.suite.as_deref().unwrap_or(&image))?),
        None => None,
    };
    let json = match &args.json {
        Some(path) => Some(JsonLines::create(path)?),
        None => None,
    };
    if let Some(path) = &args.timeline {
        std::fs::File::create(path).map_err(|error| unwritable("timeline", path, error))?;
    }
    if let Some(path) = &args.durations {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        tempfile::tempfile_in(folder).map_err(|error| unwritable("record of durations", path, error))?;
    }

    let stop = signals::interrupted();
    let mut stop = std::pin::pin!(stop);
    let planned = |cases: CaseList| {
        let durations = match &args.durations {
            Some(path) => Durations::read(path, &cases)?,
            None => Durations::default(),
        };
        let choice = Choice { lists: lists.clone(), filters: filters.clone(), shard: args.shard };
        let plan = Plan::new(cases, choice, &durations)?;
        let run = args.apply_to(Run::new(request.clone(), template.clone(), plan)?);
        run.check()?;
        Ok::<_, Error>((run, durations))
    };
    let source = args.source();
    if let Source::Command(_) = source {
        // Before a container is started to list the cases: some case stands for all of them.
        drop(planned(CaseList::new(["a case of which nothing is known"], "nobody")?)?);
    }
    let setup = args.setup();
    let cases = tokio::select! {
        cases = source.read(&request, &setup) => cases?,
        () = &mut stop => return Ok(130),
    };
    let (run, mut durations) = planned(cases)?;
    let plan = run.plan();
    for entry in plan.marks().unmatched() {
        eprintln!("warning: no case is meant by {entry}");
    }
    if plan.is_empty() && plan.excluded().is_empty() && !args.shard.is_part() {
        return Err(Error::invalid("no case is left to be run: the filters mean none"));
    }

    let mut reports = Reports::default();
    let is_github = std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true");
    reports.add(Console::new(look(&args), run.plan().len(), is_github, args.verbose));
    if let Some(junit) = junit {
        reports.add(junit);
    }
    if let Some(mut json) = json {
        json.begin(&image, &run);
        reports.add(json);
    }
    let cases = args.durations.is_some().then(|| run.plan().cases().clone());
    let done = run.go(&mut reports, stop).await?;
    reports.done(&done);
    if let (Some(path), Some(cases)) = (&args.durations, &cases) {
        done.note_in(&mut durations);
        durations.write(path, cases)?;
    }
    Ok(done.exit_code())
}

fn unwritable(what: &str, path: &Path, error: std::io::Error) -> Error {
    Error::invalid(format!("the {what} can't be written to `{}`", path.display())).with_source(error)
}

fn look(args: &RunArgs) -> Look {
    let is_ci = std::env::var("CI").is_ok_and(|value| !value.is_empty() && value != "false");
    if args.quiet {
        Look::Quiet
    } else if std::io::stderr().is_terminal() && !is_ci {
        Look::Terminal
    } else {
        Look::Lines
    }
}
