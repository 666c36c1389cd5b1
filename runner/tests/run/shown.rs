//! The display of a run: in a terminal and in CI.

use std::fs::File;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::{BASIC, Scene, until};

/// A pseudo-terminal, all that was written to it, and the process that writes; the process is killed when it is dropped.
struct Terminal {
    screen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    child: Child,
}

impl Terminal {
    /// Runs a command whose standard output and error are the terminal.
    fn of(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
        tcsetwinsize(&master, Winsize { ws_row: 40, ws_col: 120, ws_xpixel: 0, ws_ypixel: 0 })
            .expect("a size");
        let path = ptsname(&master, Vec::new()).expect("its other end");
        let open = || {
            let file = File::options().read(true).write(true).open(path.to_str().expect("text"));
            file.expect("its other end")
        };
        command.env("TERM", "xterm").stdin(Stdio::null()).stdout(open()).stderr(open());
        let child = command.spawn().expect("it runs");
        // It holds the other end open too, and the reader ends when that is closed everywhere.
        drop(command);
        let screen = Arc::new(Mutex::new(Vec::new()));
        let (mut from, to) = (File::from(master), screen.clone());
        let reader = thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut piece) {
                to.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&piece[..read]);
            }
        });
        Self { screen, reader: Some(reader), child }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.screen.lock().unwrap_or_else(PoisonError::into_inner)).into_owned()
    }

    /// Waits for the end, which has to be a success, and returns all that was written.
    fn ended(mut self) -> String {
        let status = self.child.wait().expect("it ends");
        self.reader.take().map(JoinHandle::join).transpose().expect("all of it was read");
        assert!(status.success(), "{}", self.text());
        self.text()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// R23. In a terminal, each container has a line with its case.
#[test]
fn in_a_terminal_a_line_shows_each_container_s_case() {
    let scene = Scene::new("terminal");
    std::fs::create_dir(scene.path("shared")).expect("a folder");
    let shared = "mounts = [{ bind = \"shared\", target = \"/shared\" }]";
    scene.file("request.toml", format!("image = \"{BASIC}\"\n{shared}\n"));
    scene.file("cases", "a case that waits\nanother");
    let line = "until test -e /shared/go; do sleep 0.1; done";
    let run = scene.run(&["--request", "request.toml"], &["sh", "-c", line, "{case}"]);
    let terminal = Terminal::of(run);
    until("the container's line names its case", || terminal.text().contains("  a case that waits"));
    until("a line counts", || terminal.text().contains("0 of 2"));
    let begun = terminal.text();
    let line = begun.rsplit('\n').find(|line| line.contains("a case that waits")).expect("a line");
    assert!(line.contains("-0  "), "the container's name: {line:?}");
    scene.file("shared/go", "");
    let text = terminal.ended();
    assert!(text.contains("2 cases in "), "{text}");
}

/// R23. In CI, lines are printed and none changes.
#[test]
fn in_ci_lines_are_told_and_none_changes() {
    let scene = Scene::new("ci");
    scene.file("cases", "a\nb");
    let mut run = scene.run(&[], &["true", "{case}"]);
    run.env("CI", "true");
    let text = Terminal::of(run).ended();
    assert!(text.contains("2 cases; starting 1 container\r\n") && text.contains("started after "), "{text}");
    assert!(!text.contains('\u{1b}'), "nothing that moves a cursor: {text:?}");
}
