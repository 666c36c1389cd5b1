//! The steps, and the parser of the command line. No I/O.

use std::collections::VecDeque;
use std::time::Duration;

use crate::help::{self, Spec};
use crate::value::{self, Amount, Orphan, Signal, Span, Stream, Times};

/// A step; `help.rs` has the meaning of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    To(Stream),
    Print(String),
    PrintPartial(String),
    PrintLines(u64),
    PrintBytes(u64),
    Stamp(String),
    Tick(Duration, Times),
    Flood,
    PrintEnv,
    PrintArgs,
    PrintIds,
    Cat(String),
    CatStdin,
    List(String),
    CloseOutput,
    Sleep(Span),
    Exit(u8),
    KillSelf(Signal),
    Ignore(Signal),
    Trap(Signal, u8),
    Report(Signal),
    EatMemory(Amount),
    BurnCpu(Span),
    Leave(Orphan),
    WriteFile(String, String),
    FillFile(String, u64),
    RemoveFile(String),
    MakeDir(u32, String),
    Listen(u16, String),
    Accept(u16),
    TcpEcho(u16),
    UdpEcho(u16),
    HttpBody(String),
    HttpFail(u64),
    HttpFailFor(Duration),
    HttpDelay(Duration),
    Http(u16),
    HealthFile(String),
    HealthAfter(Duration),
    HealthUntil(Duration),
}

/// A step, and its words on the command line for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Worded {
    pub(crate) words: String,
    pub(crate) step: Step,
}

/// Parses a whole command line.
pub(crate) fn parse(args: &[String]) -> Result<Vec<Worded>, String> {
    let mut rest: VecDeque<&str> = args.iter().map(String::as_str).collect();
    let mut steps = Vec::new();
    while let Some(name) = rest.pop_front() {
        let spec = help::spec(name).ok_or_else(|| format!("`{name}` is not a step"))?;
        let values = take(spec, &mut rest)?;
        let step = build(spec, &values).map_err(|error| format!("step `{name}`: {error}"))?;
        steps.push(Worded { words: [&[name], values.as_slice()].concat().join(" "), step });
    }
    Ok(steps)
}

/// Removes a step's arguments from the command line and returns them.
fn take<'a>(spec: &Spec, rest: &mut VecDeque<&'a str>) -> Result<Vec<&'a str>, String> {
    let missing = spec.args.get(rest.len());
    if let Some(missing) = missing {
        return Err(format!("step `{}` lacks its {missing}", spec.name));
    }
    Ok(rest.drain(..spec.args.len()).collect())
}

fn build(spec: &Spec, values: &[&str]) -> Result<Step, String> {
    // `take` has checked the number of values, so the indexes below are valid.
    let text = |at: usize| values[at].to_owned();
    Ok(match spec.name {
        "to" => Step::To(value::stream(values[0])?),
        "print" => Step::Print(text(0)),
        "print-partial" => Step::PrintPartial(text(0)),
        "print-lines" => Step::PrintLines(value::number(values[0])?),
        "print-bytes" => Step::PrintBytes(value::bytes(values[0])?),
        "stamp" => Step::Stamp(text(0)),
        "tick" => Step::Tick(value::duration(values[0])?, value::times(values[1])?),
        "flood" => Step::Flood,
        "env" => Step::PrintEnv,
        "args" => Step::PrintArgs,
        "ids" => Step::PrintIds,
        "cat" => Step::Cat(text(0)),
        "cat-stdin" => Step::CatStdin,
        "ls" => Step::List(text(0)),
        "close-output" => Step::CloseOutput,
        "sleep" => Step::Sleep(value::span(values[0])?),
        "write-file" => Step::WriteFile(text(0), text(1)),
        "fill-file" => Step::FillFile(text(0), value::bytes(values[1])?),
        "remove-file" => Step::RemoveFile(text(0)),
        "mkdir" => Step::MakeDir(value::mode(values[0])?, text(1)),
        "health-file" => Step::HealthFile(text(0)),
        "health-after" => Step::HealthAfter(value::duration(values[0])?),
        "health-until" => Step::HealthUntil(value::duration(values[0])?),
        _ => return build_process_or_server(spec, values),
    })
}

fn build_process_or_server(spec: &Spec, values: &[&str]) -> Result<Step, String> {
    let text = |at: usize| values[at].to_owned();
    Ok(match spec.name {
        "exit" => Step::Exit(value::number(values[0])?),
        "kill-self" => Step::KillSelf(value::signal(values[0])?),
        "ignore" => Step::Ignore(value::signal(values[0])?),
        "trap" => Step::Trap(value::signal(values[0])?, value::number(values[1])?),
        "report" => Step::Report(value::signal(values[0])?),
        "eat-memory" => Step::EatMemory(value::amount(values[0])?),
        "burn-cpu" => Step::BurnCpu(value::span(values[0])?),
        "leave" => Step::Leave(value::orphan(values[0])?),
        "listen" => Step::Listen(value::number(values[0])?, text(1)),
        "accept" => Step::Accept(value::number(values[0])?),
        "tcp-echo" => Step::TcpEcho(value::number(values[0])?),
        "udp-echo" => Step::UdpEcho(value::number(values[0])?),
        "http-body" => Step::HttpBody(text(0)),
        "http-fail" => Step::HttpFail(value::number(values[0])?),
        "http-fail-for" => Step::HttpFailFor(value::duration(values[0])?),
        "http-delay" => Step::HttpDelay(value::duration(values[0])?),
        "http" => Step::Http(value::number(values[0])?),
        name => unreachable!("step `{name}` is in the help but has no meaning"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Vec<Step>, String> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).collect();
        parse(&args).map(|steps| steps.into_iter().map(|worded| worded.step).collect())
    }

    #[test]
    fn steps_are_parsed_in_order_with_their_arguments() {
        assert_eq!(
            parsed("print-lines 200000 sleep 100ms to stderr stamp ready exit 3"),
            Ok(vec![
                Step::PrintLines(200_000),
                Step::Sleep(Span::For(Duration::from_millis(100))),
                Step::To(Stream::Stderr),
                Step::Stamp("ready".into()),
                Step::Exit(3),
            ])
        );
    }

    #[test]
    fn a_text_argument_may_look_like_a_step() {
        assert_eq!(parsed("print sleep sleep forever"), {
            Ok(vec![Step::Print("sleep".into()), Step::Sleep(Span::Forever)])
        });
    }

    #[test]
    fn an_invalid_command_line_is_refused_with_the_reason() {
        for (line, reason) in [
            ("print a dance", "`dance` is not a step"),
            ("write-file /x", "step `write-file` lacks its TEXT"),
            ("write-file", "step `write-file` lacks its PATH"),
            ("exit 256", "step `exit`: `256` is not a number in range"),
            ("sleep long", "step `sleep`: `long` is not a duration"),
        ] {
            let error = parsed(line).expect_err(line);
            assert!(error.starts_with(reason), "{error}");
        }
    }

    #[test]
    fn every_step_in_the_help_has_a_meaning() {
        for spec in help::STEPS {
            // No text is valid for all arguments, so errors are ignored: this checks that each name is known.
            drop(build(spec, &vec!["1"; spec.args.len()]));
        }
    }
}
