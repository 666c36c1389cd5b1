//! Runs the steps in order.

use std::hint::black_box;
use std::io;
use std::path::Path;
use std::thread;
use std::time::Instant;

use crate::output::Output;
use crate::step::{Step, Worded};
use crate::value::{Amount, Orphan, Span, Stream, Times};
use crate::{files, health, http, net, signals, sys};

/// The state that steps set up for later ones.
struct Run {
    output: Output,
    http: http::Settings,
    /// The memory that was allocated, which is kept until the end.
    eaten: Vec<Vec<u8>>,
    /// `true` if a server or a trap was set up, so that the program does not end after the last step.
    stays: bool,
}

/// The way to proceed after a step.
enum Next {
    Step,
    Exit(u8),
}

/// Runs all steps and returns the exit code.
pub(crate) fn all(steps: Vec<Worded>) -> Result<u8, String> {
    let output = Output { stream: Stream::Stdout };
    let mut run = Run { output, http: http::Settings::default(), eaten: Vec::new(), stays: false };
    for Worded { words, step } in steps {
        match run.step(step).map_err(|error| format!("step `{words}` failed: {error}"))? {
            Next::Step => {}
            Next::Exit(code) => return Ok(code),
        }
    }
    if run.stays {
        sys::pause_forever();
    }
    Ok(0)
}

impl Run {
    fn step(&mut self, step: Step) -> io::Result<Next> {
        let output = &self.output;
        match step {
            Step::To(stream) => self.output.stream = stream,
            Step::Print(text) => output.line(&text)?,
            Step::PrintPartial(text) => output.write(text.as_bytes())?,
            Step::PrintLines(count) => output.lines("line", Times::Count(count))?,
            Step::PrintBytes(count) => output.bytes(count)?,
            Step::Stamp(text) => output.stamp(&text)?,
            Step::Tick(interval, count) => output.ticks(interval, count)?,
            Step::Flood => output.lines("flood", Times::Forever)?,
            Step::PrintEnv => print_env(output)?,
            Step::PrintArgs => std::env::args().skip(1).try_for_each(|arg| output.line(&arg))?,
            Step::PrintIds => print_ids(output)?,
            Step::Cat(path) => output.copy(std::fs::File::open(path)?)?,
            Step::CatStdin => output.copy(io::stdin().lock())?,
            Step::List(path) => files::list(output, Path::new(&path))?,
            Step::CloseOutput => sys::silence(&[1, 2])?,
            Step::Sleep(span) => sleep(span),
            Step::Exit(code) => return Ok(Next::Exit(code)),
            Step::HealthFile(path) => return health::by_file(output, &path).map(Next::Exit),
            Step::HealthAfter(start) => return health::from(output, start).map(Next::Exit),
            Step::HealthUntil(end) => return health::until(output, end).map(Next::Exit),
            other => self.change(other)?,
        }
        Ok(Next::Step)
    }

    /// Runs a step that changes the process or its surroundings.
    fn change(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::KillSelf(signal) => signals::kill_self(signal),
            Step::Ignore(signal) => signals::ignore(signal),
            Step::Trap(signal, code) => self.stay(signals::trap(signal, code.into())),
            Step::Report(signal) => self.stay(signals::report(signal)),
            Step::EatMemory(amount) => {
                self.eat(amount);
                Ok(())
            }
            Step::BurnCpu(span) => {
                burn(span);
                Ok(())
            }
            Step::Leave(orphan) => leave(orphan),
            Step::WriteFile(path, text) => files::write(&path, &text),
            Step::FillFile(path, size) => files::fill(&path, size),
            Step::RemoveFile(path) => std::fs::remove_file(path),
            Step::MakeDir(mode, path) => files::make_dir(mode, &path),
            other => self.serve(other),
        }
    }

    fn serve(&mut self, step: Step) -> io::Result<()> {
        match step {
            Step::HttpBody(text) => self.http.body = text,
            Step::HttpFail(count) => self.http.fail = count,
            Step::HttpFailFor(duration) => self.http.fail_for = duration,
            Step::HttpDelay(duration) => self.http.delay = duration,
            Step::Http(port) => {
                let settings = std::mem::take(&mut self.http);
                return self.stay(http::serve(port, settings));
            }
            Step::Listen(port, greeting) => return self.stay(net::greet(port, &greeting)),
            Step::Accept(port) => return self.stay(net::accept(port)),
            Step::TcpEcho(port) => return self.stay(net::tcp_echo(port)),
            Step::UdpEcho(port) => return self.stay(net::udp_echo(port)),
            other => unreachable!("step `{other:?}` is carried out nowhere"),
        }
        Ok(())
    }

    fn stay(&mut self, set_up: io::Result<()>) -> io::Result<()> {
        self.stays = true;
        set_up
    }

    /// Allocates memory piece by piece. Each page is written to, since the kernel provides it only then.
    fn eat(&mut self, amount: Amount) {
        const PIECE: usize = 1 << 20;
        let mut left = match amount {
            Amount::All => u64::MAX,
            Amount::Bytes(bytes) => bytes,
        };
        while left > 0 {
            let size = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
            self.eaten.push(black_box(vec![1; size]));
            left -= size as u64;
        }
    }
}

fn sleep(span: Span) {
    match span {
        Span::For(duration) => thread::sleep(duration),
        Span::Forever => sys::pause_forever(),
    }
}

fn burn(span: Span) {
    let end = match span {
        Span::For(duration) => Some(Instant::now() + duration),
        Span::Forever => None,
    };
    while end.is_none_or(|end| Instant::now() < end) {
        black_box((0..10_000_u64).fold(0, |sum, number| black_box(sum ^ number)));
    }
}

/// Forks a process that sleeps until it is killed.
fn leave(orphan: Orphan) -> io::Result<()> {
    match orphan {
        Orphan::Child => sys::fork(|| sys::pause_forever()).map(drop),
        Orphan::Grandchild => fork_twice(|| sys::pause_forever()),
        Orphan::Daemon => {
            // Opened before the fork: the child of a process with threads must not allocate.
            let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
            fork_twice(move || {
                sys::new_session();
                let _ = sys::replace(std::os::fd::AsRawFd::as_raw_fd(&null), &[0, 1, 2]);
                sys::pause_forever()
            })
        }
    }
}

/// Runs `grandchild` in a child of a child. The child in between exits at once.
fn fork_twice(grandchild: impl FnOnce()) -> io::Result<()> {
    // A failure of the second fork is not reported; a test that counts processes notices it.
    let child = sys::fork(move || drop(sys::fork(grandchild)))?;
    sys::wait_for(child);
    Ok(())
}

fn print_env(output: &Output) -> io::Result<()> {
    let mut lines: Vec<String> = std::env::vars_os()
        .map(|(key, value)| format!("{}={}", key.to_string_lossy(), value.to_string_lossy()))
        .collect();
    lines.sort();
    lines.iter().try_for_each(|line| output.line(line))
}

fn print_ids(output: &Output) -> io::Result<()> {
    let (pid, parent, user, group) = sys::ids();
    let directory = std::env::current_dir().map_or("?".into(), |path| path.display().to_string());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    output.line(&format!(
        "pid={pid} ppid={parent} uid={user} gid={group} cwd={directory} host={}",
        host.trim_end()
    ))
}
