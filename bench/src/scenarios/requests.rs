//! The requests for one container: a start with a port and a log wait, the port, the drop.
//!
//! A child process does this once, and another one twice, behind a proxy that counts. The difference is the requests of
//! one container, and the rest of the first run is the requests that a process makes once.

use std::collections::BTreeMap;

use anyhow::Result;
use seatrial_tests::EngineProxy;

use crate::child::{self, Client};
use crate::context::{Context, READY_AT_ONCE};
use crate::raw::Raw;
use crate::runtime::RuntimeKind;
use crate::{ours, peer, table};

/// The number of requests of each kind.
type Counts = BTreeMap<String, usize>;

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let mut rows =
        vec![["", "per container", "once per process", "which, per container"].map(str::to_owned).to_vec()];
    for (client, name) in [
        (Client::Raw, "raw API"),
        (Client::Ours, "Seatrial"),
        (Client::Testcontainers, "testcontainers-rs 0.28"),
    ] {
        let once = counted(client, 1, context.image())?;
        let twice = counted(client, 2, context.image())?;
        let life = difference(&twice, &once);
        let setup = difference(&once, &life);
        let total = |counts: &Counts| counts.values().sum::<usize>().to_string();
        rows.push(vec![name.to_owned(), total(&life), total(&setup), in_words(&life)]);
    }
    Ok(format!(
        "## Requests to the engine\n\nFor a start with one published port and a log wait, the port, and the drop.\n\n{}",
        table::of_rows(&rows)
    ))
}

/// Starts and removes `count` containers, one after the other, in a child process.
pub(crate) fn lives(client: Client, count: usize, image: &str) -> Result<Vec<f64>> {
    let runtime = RuntimeKind::MultiThread.build()?;
    for _ in 0..count {
        match client {
            Client::Raw => raw_life(image)?,
            Client::Ours => runtime.block_on(async {
                let container = ours::start_published(image, READY_AT_ONCE).await?;
                ours::host_port(&container)?;
                anyhow::Ok(())
            })?,
            Client::Testcontainers => runtime.block_on(async {
                let container = peer::start_published(image, READY_AT_ONCE).await?;
                peer::host_port(&container).await?;
                anyhow::Ok(())
            })?,
        }
    }
    Ok(Vec::new())
}

fn raw_life(image: &str) -> Result<()> {
    let raw = Raw::new();
    let id = raw.create(image, READY_AT_ONCE, true)?;
    let lived = raw.start(&id).and_then(|()| raw.follow_until_ready(&id)).and_then(|()| raw.host_port(&id));
    raw.remove(&id)?;
    lived.map(drop)
}

fn counted(client: Client, lives: usize, image: &str) -> Result<Counts> {
    let proxy = EngineProxy::start_default();
    child::measure(&["lives", client.word(), &lives.to_string(), image], Some(&proxy.docker_host()))?;
    let mut counts = Counts::new();
    for request in proxy.requests() {
        *counts.entry(format!("{} {}", request.method, kind_of(&request.path))).or_default() += 1;
    }
    Ok(counts)
}

/// Returns a path with `…` in place of ids and names.
fn kind_of(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts[..] {
        [what @ ("containers" | "images" | "networks" | "volumes" | "exec"), _, .., last]
            if parts.len() > 2 =>
        {
            format!("{what}/…/{last}")
        }
        [what @ ("containers" | "networks" | "volumes"), id]
            if !matches!(id, "create" | "json" | "prune") =>
        {
            format!("{what}/…")
        }
        _ => parts.join("/"),
    }
}

fn difference(more: &Counts, less: &Counts) -> Counts {
    let left =
        |kind: &String, count: &usize| count.saturating_sub(less.get(kind).copied().unwrap_or_default());
    more.iter()
        .map(|(kind, count)| (kind.clone(), left(kind, count)))
        .filter(|(_, count)| *count > 0)
        .collect()
}

fn in_words(counts: &Counts) -> String {
    let word = |(kind, count): (&String, &usize)| match count {
        1 => format!("`{kind}`"),
        count => format!("{count} × `{kind}`"),
    };
    counts.iter().map(word).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_names_are_not_part_of_a_kind() {
        for (path, kind) in [
            ("/containers/create", "containers/create"),
            ("/containers/0123/json", "containers/…/json"),
            ("/containers/0123", "containers/…"),
            ("/containers/json", "containers/json"),
            ("/images/seatrial/misbehave:dev/json", "images/…/json"),
            ("/_ping", "_ping"),
        ] {
            assert_eq!(kind_of(path), kind);
        }
    }

    #[test]
    fn a_difference_keeps_what_exceeds_the_other_counts() {
        let counts =
            |pairs: &[(&str, usize)]| pairs.iter().map(|(kind, n)| ((*kind).to_owned(), *n)).collect();
        let (twice, once): (Counts, Counts) =
            (counts(&[("a", 2), ("b", 1), ("c", 4)]), counts(&[("a", 1), ("b", 1)]));
        assert_eq!(in_words(&difference(&twice, &once)), "`a`, 4 × `c`");
    }
}
