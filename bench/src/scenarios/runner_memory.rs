//! The memory of `seatrial run` during a long run: the real command, with all reports.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::{program, table, usage};

/// The number of cases.
const CASES: usize = 100_000;
/// The numbers of finished cases after which the memory is read.
const MARKS: [usize; 3] = [10_000, 50_000, CASES];
/// An image with `true` and `sleep`.
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

/// A running command, which is killed on drop.
struct Run {
    process: Child,
    /// Its JSON report, at the position up to which it was read.
    report: File,
    lines: usize,
    /// The last reading of its resident memory, in MiB.
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

    /// Returns the memory after `cases` cases were reported, or at the end.
    fn resident_after(&mut self, cases: usize) -> Result<f64> {
        // The first line is about the run.
        while self.lines <= cases && self.look() {
            let mut read = Vec::new();
            self.report.read_to_end(&mut read)?;
            self.lines += memchr::memchr_iter(b'\n', &read).count();
            thread::sleep(POLL);
        }
        Ok(self.resident)
    }

    /// Waits for its successful exit, and returns its largest memory.
    fn ended(mut self) -> Result<f64> {
        while self.look() {
            thread::sleep(POLL);
        }
        let status = self.process.wait()?;
        ensure!(status.success(), "the run failed: {status}");
        Ok(self.peak)
    }

    /// Reads its memory. Returns `false` if it has ended.
    fn look(&mut self) -> bool {
        let [resident, peak] = ["VmRSS:", "VmHWM:"].map(|key| usage::of_process(self.process.id(), key));
        // A zombie has no memory.
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
