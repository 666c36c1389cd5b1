//! A profiler that attaches to a process: `perf`, or where it is missing or refuses, looks at `/proc`.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use seatrial::monitor::{ProfileHook, ProfileTarget};

type Outcome<T = ()> = Result<T, Box<dyn Error + Send + Sync>>;

/// The profile of one run.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) target: ProfileTarget,
    /// The number of samples in which the process was at work.
    pub(crate) samples: u64,
    /// `true` if the process still ran when the profile ended.
    pub(crate) was_alive: bool,
}

/// The hook; its clones share what was found.
#[derive(Clone, Default)]
pub(crate) struct Profiler {
    running: Arc<Mutex<Option<Running>>>,
    pub(crate) profiles: Arc<Mutex<Vec<Profile>>>,
}

enum Running {
    Perf(Child, PathBuf),
    Looks(Arc<AtomicBool>, JoinHandle<u64>),
}

impl ProfileHook for Profiler {
    fn begin(&self, target: &ProfileTarget) -> Outcome {
        let running = perf(target).unwrap_or_else(|_| looks(target.pid));
        *self.running.lock().expect("no panic") = Some(running);
        Ok(())
    }

    fn end(&self, target: &ProfileTarget) -> Outcome {
        let was_alive = PathBuf::from(format!("/proc/{}", target.pid)).exists();
        let running = self.running.lock().expect("no panic").take().ok_or("it has not begun")?;
        let samples = match running {
            Running::Perf(child, file) => end_perf(child, file)?,
            Running::Looks(over, thread) => {
                over.store(true, Ordering::SeqCst);
                thread.join().expect("no panic")
            }
        };
        let profile = Profile { target: target.clone(), samples, was_alive };
        self.profiles.lock().expect("no panic").push(profile);
        Ok(())
    }
}

fn perf(target: &ProfileTarget) -> Outcome<Running> {
    let file = std::env::temp_dir().join(format!("seatrial-{}.perf", target.id));
    let mut perf = Command::new("perf");
    perf.args(["record", "--quiet", "-p", &target.pid.to_string(), "-o"]).arg(&file);
    // It ends its file on SIGINT.
    seatrial_tests::with_default_signals(&mut perf);
    let mut child = perf.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    // `perf` opens its file once it handles signals; if it is not permitted, it ends.
    while std::fs::metadata(&file).map_or(0, |file| file.len()) == 0 {
        if let Some(status) = child.try_wait()? {
            return Err(format!("perf: {status}").into());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(Running::Perf(child, file))
}

/// Returns the number of samples in the file.
fn end_perf(mut child: Child, file: PathBuf) -> Outcome<u64> {
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    child.wait()?;
    let script = Command::new("perf").args(["script", "-F", "comm", "-i"]).arg(&file).output()?;
    std::fs::remove_file(file)?;
    Ok(String::from_utf8_lossy(&script.stdout).lines().filter(|line| !line.trim().is_empty()).count() as u64)
}

/// Looks again and again at whether the process is running or ready to.
fn looks(pid: u32) -> Running {
    let over = Arc::new(AtomicBool::new(false));
    let is_over = over.clone();
    let thread = std::thread::spawn(move || {
        let mut samples = 0;
        while !is_over.load(Ordering::SeqCst) {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            // The fields follow the name, which is in parentheses.
            samples += u64::from(stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('R')));
            std::thread::sleep(Duration::from_millis(5));
        }
        samples
    });
    Running::Looks(over, thread)
}
