//! The monitoring of many containers with their resource usage, compared with reading and discarding the raw streams.

use std::io::Read;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;

use crate::context::{Context, IDLE};
use crate::ours;
use crate::rounds::{Variant, interleaved};
use crate::table::{self, Column};
use crate::usage::{cpu_time, rss_mib};

/// The number of containers.
const CONTAINERS: usize = 50;
/// The time for which each variant is measured in a round.
const WINDOW: Duration = Duration::from_secs(20);

const COLUMNS: &[Column] = &[
    Column { name: "our CPU, % of a core", decimals: 2 },
    Column { name: "samples or snapshots per second", decimals: 1 },
    Column { name: "memory at the beginning, MiB", decimals: 1 },
    Column { name: "memory at the end, MiB", decimals: 1 },
];

pub(crate) fn run(context: &Context<'_>) -> Result<String> {
    let containers = context.runtime.block_on(try_join_all(
        (0..CONTAINERS).map(|_| ours::start_without_network(context.image(), IDLE)),
    ))?;
    let variants = vec![
        Variant::new("raw streams, read and thrown away", || raw(context, &containers)),
        Variant::new("Seatrial: monitors", || ours(context, &containers)),
    ];
    let series = interleaved("watch", variants, context.options.rounds_or(3));
    let beyond: Vec<f64> =
        series[1].column(0).iter().zip(series[0].column(0)).map(|(ours, raw)| ours - raw).collect();
    context.drop_inside(containers);
    Ok(format!(
        "## Watching {CONTAINERS} containers\n\nState, health, CPU, memory, network and disks of each, for {} s per \
         round and variant, in one process.\n\n{}\nBeyond the streams, in % of a core, round by round: {}\n",
        WINDOW.as_secs(),
        table::of_series(COLUMNS, &series),
        beyond.iter().map(|percent| format!("{percent:.2}")).collect::<Vec<_>>().join(", ")
    ))
}

/// Reads all streams on one thread, with as few calls as possible.
fn raw(context: &Context<'_>, containers: &[ours::Container]) -> Result<Vec<f64>> {
    let mut streams: Vec<UnixStream> = containers
        .iter()
        .map(|container| context.raw.stats(container.id().as_str()))
        .collect::<Result<_>>()?;
    let (mut reads, mut buffer, window) = (0, vec![0; 64 * 1024], Window::begin());
    let mut polled: Vec<libc::pollfd> = streams
        .iter()
        .map(|stream| libc::pollfd { fd: stream.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    while let Some(left) = window.end.checked_duration_since(Instant::now()) {
        poll(&mut polled, left);
        for (one, stream) in polled.iter().zip(&mut streams) {
            if one.revents != 0 {
                ensure!(stream.read(&mut buffer)? > 0, "a stream has ended");
                reads += 1;
            }
        }
    }
    Ok(window.values(reads))
}

fn ours(context: &Context<'_>, containers: &[ours::Container]) -> Result<Vec<f64>> {
    context.runtime.block_on(async {
        let mut monitors: Vec<_> = containers.iter().map(ours::monitor).collect();
        for monitor in &mut monitors {
            ensure!(monitor.next().await.is_some(), "a monitor has ended");
        }
        let window = Window::begin();
        let end = tokio::time::Instant::from_std(window.end);
        let reading = monitors.into_iter().map(|mut monitor| {
            tokio::spawn(async move {
                let mut snapshots = 0;
                while let Ok(snapshot) = tokio::time::timeout_at(end, monitor.next()).await {
                    ensure!(snapshot.is_some(), "a monitor has ended");
                    snapshots += 1;
                }
                Ok(snapshots)
            })
        });
        let counts = try_join_all(reading).await?;
        Ok(window.values(counts.into_iter().sum::<Result<u32>>()?))
    })
}

/// A measured period, with the readings at its beginning.
struct Window {
    end: Instant,
    cpu: Duration,
    memory: f64,
}

impl Window {
    fn begin() -> Self {
        Self { cpu: cpu_time(), memory: rss_mib(), end: Instant::now() + WINDOW }
    }

    /// Returns the values of the columns at its end.
    fn values(&self, count: u32) -> Vec<f64> {
        let (used, seconds) = ((cpu_time() - self.cpu).as_secs_f64(), WINDOW.as_secs_f64());
        vec![used / seconds * 100.0, f64::from(count) / seconds, self.memory, rss_mib()]
    }
}

#[expect(unsafe_code, reason = "the standard library does not wait for many streams")]
fn poll(polled: &mut [libc::pollfd], left: Duration) {
    let millis = left.as_millis().try_into().unwrap_or(i32::MAX);
    // SAFETY: the pointer is to as many entries as the length says, and they outlive the call.
    unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, millis) };
}
