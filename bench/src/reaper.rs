//! The reaper of the image, built and run as a process of this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::program;

/// Builds the program as `cargo xtask images reaper` does, and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let package = ["--profile", "reaper", "--package", "seatrial-reaper", "--no-default-features"];
    let flags = "-C target-feature=+crt-static -C strip=symbols";
    program::build(&[&package[..], &["--target", &target]].concat(), Some(flags))
}

/// A running reaper, which is killed on drop.
#[derive(Debug)]
pub(crate) struct Reaper {
    process: Child,
    address: SocketAddr,
    /// The time from its start until its first line was read.
    pub(crate) started: Duration,
}

impl Reaper {
    /// Starts a reaper that prunes as soon as its last client has disconnected.
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let mut command = Command::new(program);
        command.env("RYUK_PORT", "0").env("RYUK_RECONNECTION_TIMEOUT", "1ms").env("RYUK_RETRY_OFFSET", "1h");
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let start = Instant::now();
        let mut process = command.spawn().context("the reaper does not run")?;
        let mut stdout = BufReader::new(process.stdout.take().context("a pipe")?);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        let started = start.elapsed();
        let port = line.split("address=[::]:").nth(1).and_then(|rest| rest.split(' ').next());
        let port: u16 = port.with_context(|| format!("no port in `{line}`"))?.parse()?;
        std::thread::spawn(move || drain(stdout));
        Ok(Self { process, address: (Ipv4Addr::LOCALHOST, port).into(), started })
    }

    /// Connects and sends filters, and waits until each is acknowledged.
    pub(crate) fn client(&self, filters: &[String]) -> Result<TcpStream> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(
            filters.iter().map(|filter| format!("label={filter}\n")).collect::<String>().as_bytes(),
        )?;
        stream.read_exact(&mut vec![0; 4 * filters.len()])?;
        Ok(stream)
    }

    /// Returns its resident memory, in MiB.
    pub(crate) fn rss_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        Ok(kib.context("no resident memory")?.parse::<f64>()? / 1024.0)
    }

    /// Waits for its exit.
    ///
    /// # Errors
    /// Fails if it does not exit with 0.
    pub(crate) fn end(mut self) -> Result<()> {
        let status = self.process.wait()?;
        ensure!(status.success(), "the reaper has left something: {status}");
        Ok(())
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads and discards the log, so that the pipe does not fill.
fn drain(mut stdout: BufReader<ChildStdout>) {
    let _ = std::io::copy(&mut stdout, &mut std::io::sink());
}
