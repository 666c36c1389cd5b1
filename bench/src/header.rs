//! The header of a run's output: time, engine and command line.

use anyhow::Result;
use serde_json::Value;

use crate::raw::Raw;

/// Returns the lines above the tables.
pub(crate) fn of_run(raw: &Raw) -> Result<String> {
    let engine = raw.engine();
    let (version, info) = (engine.get("/version")?, engine.get("/info")?);
    let text = |value: &Value| value.as_str().unwrap_or("?").to_owned();
    let date = text(&info["SystemTime"]);
    let memory_gib = info["MemTotal"].as_f64().unwrap_or(f64::NAN) / f64::from(1 << 30);
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    Ok(format!(
        "Measured on {} with Docker {} (API {}, {}, {}, cgroup v{}), kernel {}, {} cores, {memory_gib:.0} GiB, by\n\
         `cargo run --release --manifest-path bench/Cargo.toml -- {}`.\n\n\
         Variants run in turn (A B C A B C …) after a warm-up. Values are medians with the 10th and 90th percentile;\n\
         the ratio is the median of the ratios to the first row, round by round, of the first column.\n",
        date.split('T').next().unwrap_or_default(),
        text(&version["Version"]),
        text(&version["ApiVersion"]),
        text(&info["Driver"]),
        raw.runtime().map_or_else(|| text(&info["DefaultRuntime"]), str::to_owned),
        info["CgroupVersion"].as_str().unwrap_or("1"),
        text(&info["KernelVersion"]),
        info["NCPU"],
        arguments.join(" "),
    ))
}
