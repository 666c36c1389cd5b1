//! Runs many short commands in one container: fast, and without leftover processes.
//!
//! ```text
//! cargo xtask images basic
//! cargo run -p seatrial --example cases
//! ```

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use seatrial::{Case, ContainerRequest, command::CaseEnd};

#[tokio::main]
async fn main() -> Result<()> {
    let request = ContainerRequest::new("seatrial/basic:dev").cmd(["sleep", "1000"]).stop_signal("KILL");
    let container = request.start().await?;
    let cases = container.cases().await?;
    println!("cases go by {}", cases.via());

    let sorted = cases.run(Case::new(["sort"]).stdin("Vasa\nFram\n")).await?;
    println!("sorted: {:?}, it {}", sorted.stdout_text(), sorted.end);

    // Every way in which a case can end is data and not an error.
    let failed = cases.run(Case::new(["sh", "-c", "echo sunk >&2; kill -9 $$"])).await?;
    ensure!(failed.end == CaseEnd::Signalled(9), "{failed:?}");
    println!("{:?}, it was {}", failed.stderr_text(), failed.end);
    let missing = cases.run(Case::new(["no-such-program"])).await?;
    println!("it {}", missing.end);

    // Processes that a case leaves behind are killed, and a time limit bounds the case.
    let line = "sleep 1001 & (sleep 1002 &) ; echo waiting; wait";
    let late = cases.run(Case::new(["sh", "-c", line]).timeout(Duration::from_millis(500))).await?;
    ensure!(late.end == CaseEnd::TimedOut && late.stdout_text() == "waiting\n", "{late:?}");
    println!("it {} and left {} processes behind", late.end, late.left_behind.unwrap_or_default());

    let began = Instant::now();
    let runs = (0..1000).map(|number| cases.run(Case::new(["echo", &number.to_string()])));
    let outputs = try_join_all(runs).await?;
    ensure!(outputs.iter().all(|output| output.end.is_success()), "all succeed");
    println!("1000 cases took {:.1} s", began.elapsed().as_secs_f64());

    println!("{}", container.exec(["ps", "-o", "pid,args"]).await?.stdout_text());
    Ok(())
}
