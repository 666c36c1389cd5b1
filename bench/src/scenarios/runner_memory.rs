//! What memory `seatrial run` needs as its cases go on: the real command, with every report that it can write.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{program, table, usage};

/// How many cases there are.
const CASES: usize = 100_000;
/// After how many of them the memory is looked at.
const MARKS: [usize; 3] = [10_000, 50_000, CASES];
/// Has a shell's commands, `true` and `sleep`.
const IMAGE: &str = "seatrial/basic:dev";
const POLL: Duration = Duration::from_millis(20);

pub(crate) fn run() -> Result<String> {
    let folder = tempfile::tempdir()?;
    let names: String = (0..CASES).map(|number| format!("tests/unit/test_number_{number}\n")).collect();
    std::fs::write(folder.path().join("cases"), names)?;
    let program = program::build(&["--release", "--package", "seatrial-runner", "--bin", "seatrial"], None)?;
    let start = Instant::now();
    let mut run = Run::start(&program, folder.path())?;
    let mut row = Vec::new();
    for mark in MARKS {
        row.push(run.resident_after(mark)?);
    }
    let peak = run.ended()?;
    let took = start.elapsed().as_secs_f64();
    let mib = |value: f64| format!("{value:.1}");
    let head = ["", "after 10 000 cases", "after 50 000", "after 100 000", "most"].map(str::to_owned);
    let row: Vec<_> = ["resident, MiB".to_owned()].into_iter().chain(row.into_iter().map(mib)).collect();
    let rows = [head.to_vec(), [row, vec![mib(peak)]].concat()];
    Ok(format!(
        "## Memory of a run\n\n`seatrial run --pool 4 --image {IMAGE} -- true {{case}}` with a JUnit report, JSON lines, durations \
         and a timeline,\nbuilt for release: {CASES} cases in {took:.0} s.\n\n{}",
        table::of_rows(&rows)
    ))
}

/// A run that is under way; killed when it is dropped.
struct Run {
    process: Child,
    /// Its JSON report, read up to here.
    report: File,
    lines: usize,
    /// The last that was seen of its memory, in MiB: now, and the most so far.
    resident: f64,
    peak: f64,
}

impl Run {
    fn start(program: &Path, folder: &Path) -> Result<Self> {
        let report = folder.join("out.jsonl");
        File::create(&report)?;
        let mut command = Command::new(program);
        command
            .current_dir(folder)
            .args(["run", "--pool", "4", "--image", IMAGE, "--cases", "cases", "--quiet"]);
        command.args(["--json", "out.jsonl", "--junit", "junit.xml", "--timeline", "timeline.html"]);
        command.args(["--durations", "durations", "--", "true", "{case}"]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        Ok(Self { process, report: File::open(report)?, lines: 0, resident: f64::NAN, peak: f64::NAN })
    }

    /// The memory when so many cases have been reported, or at the end if that comes first.
    fn resident_after(&mut self, cases: usize) -> Result<f64> {
        // The first line is that of the run.
        while self.lines <= cases && self.look() {
            let mut read = Vec::new();
            self.report.read_to_end(&mut read)?;
            self.lines += memchr::memchr_iter(b'\n', &read).count();
            thread::sleep(POLL);
        }
        Ok(self.resident)
    }

    /// Waits for its end, which is to be a good one; the most memory that it had.
    fn ended(mut self) -> Result<f64> {
        while self.look() {
            thread::sleep(POLL);
        }
        let status = self.process.wait()?;
        ensure!(status.success(), "the run failed: {status}");
        Ok(self.peak)
    }

    /// Takes note of its memory; whether it still runs.
    fn look(&mut self) -> bool {
        let [resident, peak] = ["VmRSS:", "VmHWM:"].map(|key| usage::of_process(self.process.id(), key));
        // One that has ended, and was not waited for yet, has none.
        let runs = !resident.is_nan();
        if runs {
            (self.resident, self.peak) = (resident, peak);
        }
        runs
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
