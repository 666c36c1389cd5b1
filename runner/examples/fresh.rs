//! The comparison of the demo: the modules of CPython's tests that `seatrial run` has run in a pool, each in a container
//! of its own, as many at once; whether they come to the same, and what it costs.
//!
//! ```text
//! cargo xtask demo
//! ```

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use futures_util::{StreamExt, TryStreamExt, stream};
use seatrial::ContainerRequest;
use serde_json::Value;

type AnyError = Box<dyn std::error::Error>;

/// As many as the pool has.
const AT_ONCE: usize = 4;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), AnyError> {
    let report = std::env::args().nth(1).ok_or("name the JSON report of the run in the pool")?;
    let (pooled, pool_took) = read(&std::fs::read_to_string(report)?)?;
    println!("{} modules, each in a container of its own, {AT_ONCE} at once", pooled.len());
    let began = Instant::now();
    let fresh: BTreeMap<String, bool> =
        stream::iter(pooled.keys().cloned()).map(passes).buffer_unordered(AT_ONCE).try_collect().await?;
    let took = began.elapsed();
    println!("{:22}{:>16}{:>22}", "", "a pool of 4", "a container each");
    println!(
        "{:22}{:>14.1} s{:>20.1} s",
        "time, starts included",
        pool_took.as_secs_f64(),
        took.as_secs_f64()
    );
    let different: Vec<_> = pooled.iter().filter(|(name, passes)| fresh.get(*name) != Some(passes)).collect();
    if different.is_empty() {
        println!("all {} modules come to the same both ways", pooled.len());
        Ok(())
    } else {
        Err(format!("these come to something else alone in a container: {different:?}").into())
    }
}

/// Runs a module's tests as a container's only command; whether they pass.
async fn passes(module: String) -> Result<(String, bool), AnyError> {
    let request = ContainerRequest::new("seatrial/cpython:dev")
        .tmpfs("/tmp", "exec,mode=1777")
        .init()
        .cmd(["python3.11", "-m", "test", &module])
        .startup_timeout(Duration::from_secs(240));
    let output = request.run().await?;
    Ok((module, output.exit_code() == Some(0)))
}

/// Which modules passed in the pool, as the report's lines say, and how long it took.
fn read(report: &str) -> Result<(BTreeMap<String, bool>, Duration), AnyError> {
    let (mut passed, mut took) = (BTreeMap::new(), Duration::ZERO);
    for line in report.lines() {
        let line: Value = serde_json::from_str(line)?;
        match line["type"].as_str() {
            Some("case") => {
                let name = line["case"].as_str().ok_or("a case has a name")?.to_owned();
                let passes = matches!(line["verdict"].as_str(), Some("passed" | "flaky" | "unexpected-pass"));
                passed.insert(name, passes);
            }
            Some("end") => took = Duration::from_secs_f64(line["seconds"].as_f64().ok_or("it took time")?),
            _ => {}
        }
    }
    Ok((passed, took))
}
