//! Builds the agent with the compiler that builds this crate. If that fails, the program is an empty file, and the
//! library reports that it has none.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/program");
    let out = PathBuf::from(variable("OUT_DIR")).join("agent");
    // The program of an earlier build must not be taken for the result of this one.
    std::fs::write(&out, []).expect("the output folder can be written to");
    let is_known = matches!(variable("CARGO_CFG_TARGET_ARCH").as_str(), "x86_64" | "aarch64");
    if variable("CARGO_CFG_TARGET_OS") != "linux" || !is_known {
        return;
    }
    write_wire(Path::new(&variable("OUT_DIR")));
    if let Err(reason) = build(&out) {
        std::fs::write(&out, []).expect("the output folder can be written to");
        println!(
            "cargo::warning=the agent was not built, so cases cannot run and commands cannot be killed in containers: {reason}"
        );
    }
}

/// Writes the files of the wire protocol to the folder from which the program includes them. They lose their `//!`
/// lines, which an included file cannot have.
fn write_wire(folder: &Path) {
    for (name, source) in seatrial_core::case::SOURCES {
        let lines = source.lines().filter(|line| !line.starts_with("//!"));
        let source: String = lines.flat_map(|line| [line, "\n"]).collect();
        std::fs::write(folder.join(name), source).expect("the output folder can be written to");
    }
}

/// Compiles the program without the standard library and a C library, so that it is small and needs nothing of an
/// image.
fn build(out: &Path) -> Result<(), String> {
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["src/program/main.rs", "--crate-name", "agent", "--crate-type", "bin", "--edition", "2024"]);
    rustc.arg("--target").arg(variable("TARGET")).arg("-o").arg(out);
    for option in [
        "opt-level=z",
        "panic=abort",
        "lto=fat",
        "codegen-units=1",
        "strip=symbols",
        "target-feature=+crt-static",
        "relocation-model=static",
        "link-arg=-nostdlib",
        "link-arg=-nostartfiles",
        "link-arg=-static",
        // No padding between segments, and no sections that only a debugger needs.
        "link-arg=-Wl,--gc-sections,--build-id=none,-z,noseparate-code,-z,norelro",
    ] {
        rustc.args(["-C", option]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.to_string_lossy()));
    }
    let output = rustc.output().map_err(|error| format!("rustc does not run: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().find(|line| line.starts_with("error")).unwrap_or("rustc failed");
    Err(first.to_owned())
}

/// Returns a variable that Cargo sets for every build script.
fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("Cargo sets {name}"))
}
