//! `seatrial doctor`: checks everything that Seatrial needs.

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Args;
use seatrial::{
    Session, Volume,
    command::CaseVia,
    engine::{Endpoint, EngineFacts},
};
use seatrial_runner::{RequestFile, Result, chain};

const EXAMPLES: &str = "Examples:
  seatrial doctor                       checks the engine, its machine and the reaper
  seatrial doctor --image debian:12     also starts a container, and finds the way by which cases get into it

Exit codes: 0, if nothing is wrong; 1, if something is.";

/// The oldest version of Docker's API with which Seatrial is tested.
const OLDEST_API: (u16, u16) = (1, 41);
/// The least free space that is no warning, in bytes.
const LITTLE_SPACE: u64 = 2 << 30;

/// The arguments of `seatrial doctor`.
#[derive(Clone, Debug, Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct DoctorArgs {
    /// The image of a container to start.
    #[arg(long)]
    image: Option<String>,
}

/// The findings, which are printed one by one.
#[derive(Debug, Default)]
struct Findings {
    wrong: usize,
}

impl Findings {
    fn well(&self, what: &str, text: impl std::fmt::Display) {
        println!("ok       {what}: {text}");
    }

    fn odd(&self, what: &str, text: impl std::fmt::Display, hint: &str) {
        println!("warning  {what}: {text}\n         hint: {hint}");
    }

    fn wrong(&mut self, what: &str, text: impl std::fmt::Display, hint: &str) {
        self.wrong += 1;
        let text = text.to_string().replace('\n', "\n         ");
        println!("WRONG    {what}: {text}\n         hint: {hint}");
    }
}

/// Checks one thing after the other. A check that depends on another is left out if that one fails.
///
/// # Errors
/// None: whatever fails is a finding.
pub(crate) async fn doctor(args: &DoctorArgs) -> Result<u8> {
    let mut findings = Findings::default();
    look(args, &mut findings).await;
    match findings.wrong {
        0 => println!("\nall is well"),
        1 => println!("\none thing is wrong"),
        count => println!("\n{count} things are wrong"),
    }
    Ok(u8::from(findings.wrong > 0))
}

async fn look(args: &DoctorArgs, findings: &mut Findings) {
    temporary_directory(findings);
    let session = match Session::current().await {
        Ok(session) => session,
        Err(error) => {
            let hint = "start an engine, or set `DOCKER_HOST` to its address; to use its socket, a user has to be in the group `docker`";
            return findings.wrong("engine", chain(&error), hint);
        }
    };
    engine(&session, findings);
    socket(&session.engine().located().endpoint, findings);
    match session.engine().facts().await {
        Ok(facts) => machine(&facts, session.engine().is_local(), findings),
        Err(error) => findings.wrong("engine's machine", chain(&error), "restart the engine"),
    }
    // This lists networks. An engine that has locked itself up does not answer that, and answers everything else.
    match session.sweep(Duration::from_secs(3600)).await {
        Ok(found) if found.leftovers().is_empty() => {
            findings.well("leftovers", "dead sessions have left nothing")
        }
        Ok(found) => {
            let count = found.leftovers().len();
            findings.odd("leftovers", format!("{count} left by dead sessions"), "`seatrial sweep --remove`");
        }
        Err(error) => {
            let hint = "an engine that answers a ping and does not list networks is wedged: restart it";
            return findings.wrong("leftovers", chain(&error), hint);
        }
    }
    if reaper(&session, findings).await
        && let Some(image) = &args.image
    {
        container(image, findings).await;
    }
}

fn temporary_directory(findings: &mut Findings) {
    let folder = std::env::temp_dir();
    let hint = "set `TMPDIR` to a directory that can be written to";
    match tempfile::tempfile_in(&folder) {
        Ok(_) => space("temporary directory", &folder, findings),
        Err(error) => findings.wrong("temporary directory", format!("`{}`: {error}", folder.display()), hint),
    }
}

fn engine(session: &Session, findings: &mut Findings) {
    let engine = session.engine();
    let located = engine.located();
    let (version, (major, minor)) = (engine.version(), engine.version().api);
    findings.well("engine", format!("{version} at {} ({})", located.endpoint, located.source));
    for rejected in &located.rejected {
        findings.well("engine", format!("did not answer: {rejected}"));
    }
    if (major, minor) < OLDEST_API {
        let hint = "Docker 20.10 or later, or Podman 4 or later, have all that is needed";
        findings.wrong("API", format!("{major}.{minor} is older than 1.41"), hint);
    }
    let host = engine.host();
    findings.well("published ports", format!("are reached at {} ({})", host.host, host.source));
}

fn socket(endpoint: &Endpoint, findings: &mut Findings) {
    let Endpoint::Unix(path) = endpoint else { return };
    let Ok(about) = std::fs::metadata(path) else { return };
    let mode = about.permissions().mode() & 0o777;
    let text =
        format!("`{}`, of user {} and group {}, mode {mode:03o}", path.display(), about.uid(), about.gid());
    if about.file_type().is_socket() && mode & 0o002 != 0 {
        findings.odd("socket", text, "every user of this machine may use it, and so become root: `chmod o=`");
    } else {
        findings.well("socket", text);
    }
}

fn machine(facts: &EngineFacts, is_local: bool, findings: &mut Findings) {
    let gib = |bytes: u64| bytes as f64 / f64::from(1 << 30);
    let rootless = if facts.is_rootless { ", rootless" } else { "" };
    findings.well(
        "engine's machine",
        format!(
            "{} processors, {:.1} GiB of memory, storage {}, runtimes {} (by default {}){rootless}",
            facts.cpus,
            gib(facts.memory),
            facts.storage_driver,
            facts.runtimes.join(", "),
            facts.default_runtime
        ),
    );
    findings.well("control groups", format!("version {}, by {}", facts.cgroup_version, facts.cgroup_driver));
    for warning in &facts.warnings {
        findings.odd("engine", warning.trim(), about(warning));
    }
    // The same path on this machine is another disk if the engine is elsewhere.
    match facts.root_dir.as_deref().filter(|dir| is_local && dir.exists()) {
        Some(dir) => space("engine's disk", dir, findings),
        None => findings.well("engine's disk", "is not on this machine"),
    }
}

/// Returns the advice for a warning of the engine's, by its words.
fn about(warning: &str) -> &'static str {
    let text = warning.to_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if has(&["api is accessible", "without encryption", "root access"]) {
        "whoever reaches this address is root on the engine's machine: use TLS with client certificates or ssh, or listen on \
         a socket only"
    } else if has(&["limit", "cgroup", "cfs", "cpuset", "blkio", "memory", "swap", "cpu shares", "pids"]) {
        "the engine does not enforce the limits that it names here"
    } else if has(&["bridge-nf-call"]) {
        "packets between containers of one network pass by the packet filter: `sysctl net.bridge.bridge-nf-call-iptables=1`"
    } else if has(&["devicemapper", "storage", "overlay", "filesystem"]) {
        "the engine's documentation on storage drivers has a better choice"
    } else {
        "the engine's documentation explains it"
    }
}

/// Reports the free space on the disk of a folder.
fn space(what: &str, folder: &Path, findings: &mut Findings) {
    let Ok(about) = rustix::fs::statvfs(folder) else {
        return findings.well(what, format!("`{}`, the free space of which is not known", folder.display()));
    };
    let free = about.f_bavail.saturating_mul(about.f_frsize);
    let text = format!("`{}`, {:.1} GiB free", folder.display(), free as f64 / f64::from(1 << 30));
    if free < LITTLE_SPACE {
        findings.odd(what, text, "make room: `docker system df` shows what takes it");
    } else {
        findings.well(what, text);
    }
}

/// Creates something, which starts the session's reaper. Returns `true` if the reaper runs, or is off.
async fn reaper(session: &Session, findings: &mut Findings) -> bool {
    let began = Instant::now();
    let made = async {
        let volume = Volume::create_in(session).await?;
        volume.remove().await
    };
    match made.await {
        Ok(()) => {
            let choice = std::env::var("SEATRIAL_REAPER").unwrap_or_default();
            let text = if choice == "off" {
                "is off".to_owned()
            } else {
                format!("is there after {:.1?}", began.elapsed())
            };
            findings.well("reaper", text);
            true
        }
        Err(error) => {
            let hint = "build its image with `cargo xtask images reaper`, or try `SEATRIAL_REAPER=process`";
            findings.wrong("reaper", chain(&error), hint);
            false
        }
    }
}

/// Starts a container, and finds the way by which cases get into it.
async fn container(image: &str, findings: &mut Findings) {
    let began = Instant::now();
    let started = async {
        let container = RequestFile::default().with_image(image).request()?.start().await?;
        let took = began.elapsed();
        let cases = container.cases().await?;
        let via = cases.via();
        container.remove().await?;
        Ok::<_, seatrial_runner::Error>((took, via))
    };
    match started.await {
        Err(error) => {
            let hint = "run the image with `docker run`: its output may tell more";
            findings.wrong("container", chain(&error), hint);
        }
        Ok((took, via)) => {
            findings.well("container", format!("started in {took:.1?}, and removed"));
            match via {
                CaseVia::Agent => findings.well("agent", "runs in it, so cases start as fast as processes"),
                other => findings.odd(
                    "agent",
                    format!("cases go by {other}"),
                    "cases have the same results, and are slower",
                ),
            }
        }
    }
}
