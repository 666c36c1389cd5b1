//! The root file system of the base image: Debian's image if a registry answers, else made from Debian's packages.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use bollard::Docker;
use bollard::query_parameters::CreateImageOptionsBuilder;
use futures_util::{Stream, StreamExt, TryStreamExt, pin_mut};
use tokio::io::AsyncReadExt;

use crate::{command, console, debian};

const PULLED: &str = "debian:bookworm-slim";
const SUITE: &str = "bookworm";
const ROOTFS: &str = "seatrial/rootfs";

/// The limit for a registry's first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(5);
/// The limit for the time between two answers of a pull.
const SILENCE: Duration = Duration::from_secs(60);

/// Pulls or makes the image that the base image is built from, and returns its name.
///
/// # Errors
/// Fails if it can be neither pulled nor made here; the error says what to do.
pub(crate) async fn root_file_system(docker: &Docker) -> Result<String> {
    let made = format!("{ROOTFS}:{SUITE}");
    for present in [PULLED, &made] {
        if docker.inspect_image(present).await.is_ok() {
            console::detail(&format!("base: built from `{present}`, which is on the engine"));
            return Ok(present.into());
        }
    }
    console::step(&format!("pulling {PULLED}"));
    let Err(refusal) = pull(docker).await else {
        return Ok(PULLED.into());
    };
    console::detail(&format!("not pulled: {refusal}"));
    make(docker).await.with_context(|| {
        format!("failed to make the root file system, which could not be pulled ({refusal})")
    })?;
    Ok(made)
}

async fn pull(docker: &Docker) -> Result<(), String> {
    let options = CreateImageOptionsBuilder::new().from_image(PULLED).build();
    let progress = docker.create_image(Some(options), None, None);
    pin_mut!(progress);
    let mut patience = FIRST_ANSWER;
    loop {
        match tokio::time::timeout(patience, progress.next()).await {
            Err(_) => return Err(format!("no answer from the registry within {} s", patience.as_secs())),
            Ok(None) => return Ok(()),
            Ok(Some(Err(error))) => return Err(error.to_string()),
            Ok(Some(Ok(_))) => patience = SILENCE,
        }
    }
}

/// Makes the root file system from Debian's packages and imports it.
async fn make(docker: &Docker) -> Result<()> {
    check_architecture(docker).await?;
    if !command::exists("mmdebstrap") {
        debian::install(&["mmdebstrap", "debian-archive-keyring"], "the base image")?;
    }
    if !debian::is_root() {
        bail!("making the base image needs root; run this once as root, or pull {PULLED} on another network");
    }
    let start = Instant::now();
    console::step(&format!("making {SUITE} from Debian's packages with mmdebstrap (about half a minute)"));
    let directory = tempfile::tempdir()?;
    let archive = directory.path().join("rootfs.tar");
    let mut mmdebstrap = Command::new("mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase", "--include=ca-certificates"]);
    mmdebstrap.args(debian::LEFT_OUT.map(|option| format!("--dpkgopt={option}")));
    mmdebstrap.args(["--aptopt=Acquire::Languages \"none\"", SUITE]).arg(&archive);
    tokio::task::spawn_blocking(move || command::quiet(&mut mmdebstrap)).await??;
    console::detail(&format!("made in {}; importing", console::since(start)));
    import(docker, &archive).await
}

async fn import(docker: &Docker, archive: &std::path::Path) -> Result<()> {
    let file = tokio::fs::File::open(archive).await?;
    let options = CreateImageOptionsBuilder::new().from_src("-").repo(ROOTFS).tag(SUITE).build();
    let progress = docker.create_image(Some(options), Some(bollard::body_try_stream(chunks(file))), None);
    progress
        .try_for_each(|_| std::future::ready(Ok(())))
        .await
        .context("failed to import the root file system")
}

/// Reads a file in pieces of at most 256 KiB.
fn chunks(file: tokio::fs::File) -> impl Stream<Item = std::io::Result<bytes::Bytes>> + Send + 'static {
    futures_util::stream::try_unfold(file, |mut file| async move {
        let mut chunk = bytes::BytesMut::with_capacity(256 * 1024);
        let length = file.read_buf(&mut chunk).await?;
        Ok((length > 0).then(|| (chunk.freeze(), file)))
    })
}

/// Checks that the engine has this machine's architecture: packages run programs while they are installed.
async fn check_architecture(docker: &Docker) -> Result<()> {
    let engine =
        docker.version().await?.arch.ok_or_else(|| anyhow!("the engine does not report its architecture"))?;
    let here = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    if engine != here {
        bail!(
            "the engine's architecture is `{engine}`, this machine's is `{here}`; pull {PULLED} on the engine, then run this again"
        );
    }
    Ok(())
}
