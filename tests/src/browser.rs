//! A real browser without a window, driven over the pipes of its DevTools protocol.
//!
//! Messages are JSON with a NUL after each, as `--remote-debugging-pipe` has it; what the methods are called and take is
//! described at <https://chromedevtools.github.io/devtools-protocol/>.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// The programs that will do, one per line, the smallest first; `xtask` reads the same file.
const PROGRAMS: &str = include_str!("browsers.txt");
/// The longest time for one answer of the browser; the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser with one page; ended when it is dropped.
#[derive(Debug)]
pub struct Browser {
    process: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    /// The events that the page has sent without a request.
    events: Vec<Value>,
    page: String,
    next: u64,
    /// The browser's profile folder. It is removed after the process has ended.
    _profile: TempDir,
}

impl Browser {
    /// Starts one, with an empty page of this size in pixels.
    ///
    /// # Panics
    /// If there is no browser, with what to install; or if it does not start.
    #[must_use]
    #[track_caller]
    pub fn start(width: u32, height: u32) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = command(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the browser starts");
        let to = process.stdin.take().expect("a pipe");
        let messages = BufReader::new(process.stdout.take().expect("a pipe"));
        let (sender, from) = channel();
        std::thread::spawn(move || {
            let messages = messages.split(0).map_while(Result::ok);
            let mut read = messages.filter_map(|message| serde_json::from_slice(&message).ok());
            read.try_for_each(|message| sender.send(message))
        });
        let mut browser =
            Self { process, to, from, events: Vec::new(), page: String::new(), next: 0, _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attached =
            browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }));
        browser.page = attached["sessionId"].as_str().expect("a session").to_owned();
        for part in ["Page", "Runtime", "Network"] {
            browser.call(&format!("{part}.enable"), json!({}));
        }
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        browser
    }

    /// Opens a file and waits until it is loaded.
    #[track_caller]
    pub fn open(&mut self, file: &Path) {
        self.call("Page.navigate", json!({ "url": format!("file://{}", file.display()) }));
        self.event("Page.loadEventFired");
    }

    /// Says which colours the user likes: `light` or `dark`.
    #[track_caller]
    pub fn prefer(&mut self, scheme: &str) {
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }

    /// Returns the value of an expression in the page.
    ///
    /// # Panics
    /// If it throws.
    #[track_caller]
    pub fn value(&mut self, expression: &str) -> Value {
        let answer =
            self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(answer["exceptionDetails"].is_null(), "`{expression}`: {}", answer["exceptionDetails"]);
        answer["result"]["value"].clone()
    }

    /// Moves the pointer over the middle of the first element that a selector finds.
    #[track_caller]
    pub fn hover(&mut self, selector: &str) {
        let selector = Value::from(selector);
        let middle = self.value(&format!(
            "(() => {{ const box = document.querySelector({selector}).getBoundingClientRect(); \
             return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        self.call(
            "Input.dispatchMouseEvent",
            json!({ "type": "mouseMoved", "x": middle[0], "y": middle[1] }),
        );
    }

    /// Returns a picture of the page, as PNG in base64.
    #[must_use]
    #[track_caller]
    pub fn screenshot(&mut self) -> String {
        let answer =
            self.call("Page.captureScreenshot", json!({ "format": "png", "captureBeyondViewport": true }));
        answer["data"].as_str().expect("a picture").to_owned()
    }

    /// Returns what went wrong in the page so far: exceptions, and requests to a network.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        let is_bad = |event: &&Value| match event["method"].as_str() {
            Some("Runtime.exceptionThrown") => true,
            Some("Network.requestWillBeSent") => {
                let url = event["params"]["request"]["url"].as_str().unwrap_or_default();
                !url.starts_with("file:") && url != "about:blank"
            }
            _ => false,
        };
        self.events.iter().filter(is_bad).map(Value::to_string).collect()
    }

    #[track_caller]
    fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if !self.page.is_empty() {
            message["sessionId"] = Value::from(self.page.as_str());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).expect("the browser reads");
        loop {
            let answer = self.read(method);
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "`{method}`: {}", answer["error"]);
                return answer["result"].clone();
            }
            self.events.push(answer);
        }
    }

    /// Waits for an event, unless it was told already.
    #[track_caller]
    fn event(&mut self, method: &str) {
        while !self.events.iter().any(|event| event["method"] == method) {
            let event = self.read(method);
            self.events.push(event);
        }
    }

    #[track_caller]
    fn read(&mut self, waiting_for: &str) -> Value {
        let read = self.from.recv_timeout(PATIENCE);
        read.unwrap_or_else(|error| panic!("the browser does not answer `{waiting_for}`: {error}"))
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its other processes end with it.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the browser's command, which reads its third and writes its fourth descriptor: a shell makes them of the
/// usual two.
#[track_caller]
fn command(profile: &Path) -> Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = PROGRAMS.lines().find_map(|name| {
        std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
    });
    let program = found.unwrap_or_else(|| {
        panic!("there is no browser; install Debian's package `chromium-headless-shell`, as `cargo xtask test` does")
    });
    let mut command = Command::new("sh");
    command.args(["-c", "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null"]).arg(program);
    command.args([
        "--headless",
        "--remote-debugging-pipe",
        // Root has to; the page is our own.
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--hide-scrollbars",
    ]);
    command.arg(format!("--user-data-dir={}", profile.display()));
    command
}
