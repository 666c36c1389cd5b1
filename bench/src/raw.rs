//! The raw engine API: hand-written requests on its socket, in blocking code. This is the baseline of the measurements.

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail, ensure};
use memchr::memmem;
use seatrial_tests::{Engine, EngineAnswer};
use serde_json::{Value, json};

/// The beginning of a line with a time stamp.
pub(crate) const READY: &str = "ready ";
/// The port that the published containers listen on.
pub(crate) const PORT: u16 = 8080;

/// A client of the raw engine API.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    engine: Engine,
    /// The runtime of its containers, the same as the library's; nothing for the engine's default.
    runtime: Option<String>,
}

impl Raw {
    pub(crate) fn new() -> Self {
        let runtime = env::var("SEATRIAL_RUNTIME").ok().filter(|runtime| !runtime.is_empty());
        Self { engine: Engine::from_env(), runtime }
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) fn runtime(&self) -> Option<&str> {
        self.runtime.as_deref()
    }

    /// Creates a container, with its port published if `publish`, and returns its id.
    pub(crate) fn create(&self, image: &str, cmd: &[&str], publish: bool) -> Result<String> {
        let mut body = json!({ "Image": image, "Cmd": cmd, "HostConfig": { "Runtime": self.runtime } });
        if publish {
            let port = format!("{PORT}/tcp");
            body["ExposedPorts"] = json!({ &port: {} });
            body["HostConfig"]["PortBindings"] =
                json!({ &port: [{ "HostIp": "127.0.0.1", "HostPort": "" }] });
        }
        self.create_from("/containers/create", &body)
    }

    /// Creates a container or a network, and returns its id.
    pub(crate) fn create_from(&self, target: &str, body: &Value) -> Result<String> {
        let answer = checked(self.engine.request("POST", target, Some(body))?, 201)?;
        let created: Value = serde_json::from_slice(&answer.body)?;
        Ok(created["Id"].as_str().context("what was created has an id")?.to_owned())
    }

    pub(crate) fn start(&self, id: &str) -> Result<()> {
        checked(self.engine.request("POST", &format!("/containers/{id}/start"), None)?, 204).map(drop)
    }

    /// Inspects a container and returns its published port.
    pub(crate) fn host_port(&self, id: &str) -> Result<u16> {
        let inspect = self.engine.get(&format!("/containers/{id}/json"))?;
        let port = &inspect["NetworkSettings"]["Ports"][format!("{PORT}/tcp")][0]["HostPort"];
        Ok(port.as_str().context("the port is published")?.parse()?)
    }

    pub(crate) fn remove(&self, id: &str) -> Result<()> {
        let answer = self.engine.request("DELETE", &format!("/containers/{id}?force=1&v=1"), None)?;
        // The container may have been removed already.
        if answer.status == 404 { Ok(()) } else { checked(answer, 204).map(drop) }
    }

    pub(crate) fn remove_network(&self, id: &str) -> Result<()> {
        checked(self.engine.request("DELETE", &format!("/networks/{id}"), None)?, 204).map(drop)
    }

    /// Follows the log up to the line with a time stamp.
    pub(crate) fn follow_until_ready(&self, id: &str) -> Result<()> {
        let line = format!("GET /containers/{id}/logs?follow=1&stdout=1 HTTP/1.0\r\n\r\n");
        read_until_ready(&mut self.open(&line)?)
    }

    /// Opens the stream of a container's resource usage, and returns it with the response head unread.
    pub(crate) fn stats(&self, id: &str) -> Result<UnixStream> {
        self.open(&format!("GET /containers/{id}/stats?stream=1 HTTP/1.1\r\nHost: engine\r\n\r\n"))
    }

    /// Runs a command to its end (create, start and read, inspect), and returns its exit code.
    pub(crate) fn exec(&self, id: &str, cmd: &[&str]) -> Result<i64> {
        let body = json!({ "Cmd": cmd, "AttachStdout": true, "AttachStderr": true });
        let answer =
            checked(self.engine.request("POST", &format!("/containers/{id}/exec"), Some(&body))?, 201)?;
        let created: Value = serde_json::from_slice(&answer.body)?;
        let exec = created["Id"].as_str().context("a created exec has an id")?;
        let mut output = self.upgrade(&format!("/exec/{exec}/start"), r#"{"Detach":false,"Tty":false}"#)?;
        output.read_to_end(&mut Vec::new())?;
        let inspect = self.engine.get(&format!("/exec/{exec}/json"))?;
        inspect["ExitCode"].as_i64().context("it has ended")
    }

    /// Returns the time when the first command of a container ended after `since`, according to the engine. Both times
    /// are in ns since 1970.
    pub(crate) fn first_exec_end(&self, id: &str, since: u128) -> Result<u128> {
        let seconds = |ns: u128| format!("{}.{:09}", ns / 1_000_000_000, ns % 1_000_000_000);
        let (from, to) = (seconds(since), seconds(realtime_ns()));
        let filters =
            format!("%7B%22container%22%3A%5B%22{id}%22%5D%2C%22event%22%3A%5B%22exec_die%22%5D%7D");
        let target = format!("/events?since={from}&until={to}&filters={filters}");
        let answer = checked(self.engine.request("GET", &target, None)?, 200)?;
        let text = answer.text();
        let ends = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let times = ends.filter_map(|event| event["timeNano"].as_u64());
        times.map(u128::from).min().context("the engine tells of no end")
    }

    /// Attaches to the output of a container, which need not be started.
    pub(crate) fn attach(&self, id: &str) -> Result<UnixStream> {
        self.upgrade(&format!("/containers/{id}/attach?stream=1&stdout=1&stderr=1"), "")
    }

    /// Sends a request that upgrades the connection to a stream of bytes.
    fn upgrade(&self, target: &str, body: &str) -> Result<UnixStream> {
        let length = body.len();
        let head = format!(
            "POST {target} HTTP/1.1\r\nHost: engine\r\nContent-Type: application/json\r\n\
             Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut stream = self.open(&head)?;
        // The head is read byte by byte, since output follows it.
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            answer.push(byte[0]);
        }
        ensure!(answer.starts_with(b"HTTP/1.1 101"), "the engine does not turn the connection into a stream");
        Ok(stream)
    }

    /// Returns the time when the line with a time stamp was printed, in ns since 1970.
    ///
    /// Follows the log, since it may lag behind an attached client.
    pub(crate) fn stamp(&self, id: &str) -> Result<u128> {
        let mut log =
            self.open(&format!("GET /containers/{id}/logs?follow=1&stdout=1&tail=1 HTTP/1.0\r\n\r\n"))?;
        let mut seen = Vec::new();
        loop {
            let mut piece = [0; 4096];
            let length = log.read(&mut piece)?;
            ensure!(length > 0, "the log ended before the stamped line");
            seen.extend_from_slice(&piece[..length]);
            let Some(at) = memmem::find(&seen, READY.as_bytes()) else { continue };
            if let Some((stamp, _)) = String::from_utf8_lossy(&seen[at + READY.len()..]).split_once('\n') {
                return Ok(stamp.parse()?);
            }
        }
    }

    /// Copies a file into a container as `docker cp` does, as an archive with one entry.
    pub(crate) fn put_file(&self, id: &str, file: &Path, name: &str) -> Result<()> {
        let mut source = File::open(file)?;
        let size = source.metadata()?.len();
        let mut header = tar::Header::new_gnu();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        let padding = vec![0; (size.next_multiple_of(512) - size) as usize + 1024];
        let length = 512 + size + padding.len() as u64;
        let mut stream = self.open(&format!(
            "PUT /containers/{id}/archive?path=/ HTTP/1.0\r\nContent-Type: application/x-tar\r\n\
             Content-Length: {length}\r\n\r\n"
        ))?;
        stream.write_all(header.as_bytes())?;
        io::copy(&mut source, &mut stream)?;
        stream.write_all(&padding)?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        ensure!(answer.starts_with("HTTP/1.0 200"), "the archive was refused: {answer}");
        Ok(())
    }

    fn open(&self, head: &str) -> Result<UnixStream> {
        let mut stream = UnixStream::connect(self.engine.socket())?;
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }
}

/// Reads a stream up to the line with a time stamp.
pub(crate) fn read_until_ready(stream: &mut UnixStream) -> Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut kept = 0;
    loop {
        let length = stream.read(&mut buffer[kept..])?;
        ensure!(length > 0, "the output ended before the stamped line");
        let seen = kept + length;
        if memmem::find(&buffer[..seen], READY.as_bytes()).is_some() {
            return Ok(());
        }
        // The text may be split over two reads.
        kept = seen.min(READY.len() - 1);
        buffer.copy_within(seen - kept..seen, 0);
    }
}

/// Returns the current time in ns since 1970, from the clock that containers use for time stamps.
pub(crate) fn realtime_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

fn checked(answer: EngineAnswer, status: u16) -> Result<EngineAnswer> {
    if answer.status != status {
        bail!("the engine answered {}: {}", answer.status, answer.text().trim());
    }
    Ok(answer)
}
