//! The transports of the agent, and what each adds to a container's start and to a case.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use seatrial_core::case::frame::Kind;
use seatrial_core::case::spec::Settings;
use seatrial_core::case::{Buffer, Encoder};
use serde_json::json;

use crate::context::{Context, IDLE};
use crate::fleet::COMMAND;
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::{ours, raw::Raw};

const TRUE: &[&str] = &["/bin/true"];
/// An image with Python, which accepts a connection and executes the agent.
const PYTHON: &str = "seatrial/cpython:dev";
const ACCEPT: &str = "import os, socket; s = socket.socket(socket.AF_UNIX); s.bind('/socket/agent'); s.listen(); \
                      c = s.accept()[0]; os.dup2(c.fileno(), 0); os.dup2(c.fileno(), 1); \
                      os.execv('/agent', ['/agent', 'serve'])";

const START: &[Column] = &[Column { name: "until it runs, or its first case is done, ms", decimals: 1 }];
const CASE: &[Column] = &[Column { name: "a case, ms", decimals: 3 }];

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let rounds = context.options.rounds_or(15);
    let folder = tempfile::tempdir()?;
    let program = folder.path().join("agent");
    let plain = context.runtime.block_on(ours::start(PYTHON, &["sleep", "infinity"]))?;
    let by_exec = context.runtime.block_on(ours::cases(&plain))?;
    context.runtime.block_on(ours::copy_out(&plain, "/.seatrial/agent", &program))?;
    let request = ours::for_cases(context.image());
    let kept = context.runtime.block_on(ours::start_described(&ours::for_cases(PYTHON)))?;
    let by_main = context.runtime.block_on(ours::cases(&kept))?;
    let starts = vec![
        Variant::new("raw API: create, start", || raw_start(context, None)),
        Variant::new("raw API: create, copy of the program, start", || raw_start(context, Some(&program))),
        Variant::new("Seatrial: a start", || {
            started(context, &ours::described(context.image(), IDLE), false)
        }),
        Variant::new("Seatrial: a start, and a case (the agent by exec)", || {
            started(context, &ours::described(context.image(), IDLE), true)
        }),
        Variant::new("Seatrial: a start for cases (the agent as main process)", || {
            started(context, &request, false)
        }),
        Variant::new("Seatrial: the same, and a case", || started(context, &request, true)),
        Variant::new("Seatrial: the same, the first container of its request", || {
            started(context, &ours::for_cases(context.image()), true)
        }),
    ];
    let starts = table::of_series(START, &interleaved("case-transport, starts", starts, rounds));
    let mut socket = Socket::start(&context.raw, &program)?;
    let cases = vec![
        Variant::new("an attached exec", || many(context, &by_exec)),
        Variant::new("the main process's stream", || many(context, &by_main)),
        Variant::new("a socket in a mounted directory, by a blocking client", || {
            median(|| socket.case(TRUE))
        }),
    ];
    let cases = table::of_series(CASE, &interleaved("case-transport, cases", cases, rounds));
    context.raw.remove(&socket.container)?;
    context.drop_inside((by_exec, plain, by_main, kept, request));
    Ok(format!("## The agent's way into a container\n\n{starts}\nCases after the first:\n\n{cases}"))
}

fn raw_start(context: &Context<'_>, program: Option<&Path>) -> Result<Vec<f64>> {
    let start = Instant::now();
    let id = context.raw.create(context.image(), IDLE, false)?;
    if let Some(program) = program {
        context.raw.put_file(&id, program, "agent")?;
    }
    context.raw.start(&id)?;
    let took = start.elapsed();
    context.raw.remove(&id)?;
    Ok(vec![took.as_secs_f64() * 1e3])
}

fn started(context: &Context<'_>, request: &ours::Request, has_case: bool) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let start = Instant::now();
        let container = ours::start_described(request).await?;
        if has_case {
            ours::run_case(&ours::cases(&container).await?, COMMAND).await?;
        }
        let took = start.elapsed();
        ours::remove(container).await?;
        Ok(vec![took.as_secs_f64() * 1e3])
    })
}

fn many(context: &Context<'_>, cases: &ours::Cases) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let mut times = Vec::new();
        for _ in 0..200 {
            let start = Instant::now();
            ours::run_case(cases, TRUE).await?;
            times.push(start.elapsed());
        }
        Ok(middle(times))
    })
}

fn median(mut once: impl FnMut() -> Result<()>) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for _ in 0..200 {
        let start = Instant::now();
        once()?;
        times.push(start.elapsed());
    }
    Ok(middle(times))
}

fn middle(mut times: Vec<Duration>) -> Vec<f64> {
    times.sort();
    vec![times[times.len() / 2].as_secs_f64() * 1e3]
}

/// A connection to an agent over a socket.
struct Socket {
    container: String,
    stream: UnixStream,
    buffer: Buffer,
    number: u32,
    _folder: tempfile::TempDir,
}

impl Socket {
    fn start(raw: &Raw, program: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let mount = |source: &Path, target: &str| format!("{}:{target}", source.display());
        let binds = [mount(folder.path(), "/socket"), mount(program, "/agent")];
        let body = json!({
            "Image": PYTHON, "Entrypoint": ["python3.11", "-c", ACCEPT], "HostConfig": { "Binds": binds },
        });
        let container = raw.create_from("/containers/create", &body)?;
        raw.start(&container)?;
        let path = folder.path().join("agent");
        let end = Instant::now() + Duration::from_secs(10);
        let stream = loop {
            match UnixStream::connect(&path) {
                Ok(stream) => break stream,
                Err(error) if Instant::now() > end => {
                    return Err(error).context("no connection was accepted");
                }
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        let mut socket = Self { container, stream, buffer: Buffer::default(), number: 0, _folder: folder };
        let mut hello = Vec::new();
        Encoder::hello(&mut hello);
        socket.stream.write_all(&hello)?;
        Ok(socket)
    }

    fn case(&mut self, words: &[&str]) -> Result<()> {
        self.number += 1;
        let settings = Settings {
            timeout: 0,
            limit: 1 << 20,
            has_stdin: false,
            is_isolated: false,
            arguments: u32::try_from(words.len())?,
            variables: 0,
        };
        let mut bytes = Vec::new();
        let words = words.iter().map(|word| word.as_bytes());
        Encoder::new(&mut bytes, 0, self.number).run(settings, None, words);
        self.stream.write_all(&bytes)?;
        let mut piece = [0; 4096];
        loop {
            loop {
                let frame = self.buffer.take().map_err(|broken| anyhow::anyhow!("{broken:?}"))?;
                match frame.map(|frame| frame.kind) {
                    None => break,
                    Some(Kind::End) => return Ok(()),
                    Some(Kind::Hello | Kind::Stdout | Kind::Stderr | Kind::Credit) => {}
                    Some(other) => bail!("the case ended by {other:?}"),
                }
            }
            let read = self.stream.read(&mut piece)?;
            ensure!(read > 0, "the agent has ended");
            self.buffer.push(&piece[..read]);
        }
    }
}
