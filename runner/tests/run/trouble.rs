//! Cases that do something to their container, or have it done to them.

use std::time::Duration;

use seatrial_tests::Child;

use crate::{BASIC, Scene, verdicts};

/// D2, D3.
#[test]
fn a_case_that_ends_its_container_is_no_verdict_and_is_tried_on_others() {
    let scene = Scene::new("container-ends");
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncmd = [\"sh\", \"-c\", \"trap 'exit 7' TERM; while :; do sleep 0.1; done\"]\n"));
    scene.file("cases", "good\ndeadly\ngood too");
    let args = [
        "--request",
        "request.toml",
        "--pool",
        "2",
        "--cases",
        "cases",
        "--json",
        "out.jsonl",
        "--",
        "sh",
        "-c",
        "test \"$0\" != deadly || { kill 1; sleep 1000; }",
        "{case}",
    ];
    let run = scene.run(args);
    assert_eq!(run.code, Some(3), "{run:?}");
    let cases = scene.cases();
    let deadly = &cases["deadly"];
    assert_eq!(deadly["verdict"], "infrastructure", "{run:?}");
    let attempts = deadly["attempts"].as_array().expect("attempts");
    let mut members: Vec<_> = attempts.iter().map(|attempt| attempt["member"].as_str()).collect();
    assert_eq!(members.len(), 3, "{deadly}");
    members.sort_unstable();
    members.dedup();
    assert_eq!(members.len(), 3, "each time another container: {deadly}");
    for good in ["good", "good too"] {
        assert_eq!(cases[good]["verdict"], "passed", "{run:?}");
    }
}

/// D2.
#[test]
fn a_case_that_wants_too_much_memory_is_told_from_one_that_is_killed() {
    let scene = Scene::new("memory");
    scene.file("request.toml", format!("image = \"{BASIC}\"\nmemory = \"48m\"\nmemory_swap = \"48m\"\n"));
    scene.file("cases", "hungry\nkilled\nloud\nsilent");
    let script = "case $0 in hungry) exec tail /dev/zero ;; killed) kill -KILL $$ ;; \
                  loud) yes | head -c 9000000; exit 1 ;; silent) exec >&- 2>&-; sleep 0.2; exit 5 ;; esac";
    let args = [
        "--request",
        "request.toml",
        "--pool",
        "1",
        "--cases",
        "cases",
        "--attempts",
        "0",
        "--json",
        "out.jsonl",
        "--output-limit",
        "100k",
        "--",
        "sh",
        "-c",
        script,
        "{case}",
    ];
    let run = scene.run(args);
    assert_eq!(run.code, Some(1), "{run:?}");
    let cases = scene.cases();
    let attempt = |name: &str| &cases[name]["attempts"][0];
    assert_eq!(attempt("hungry")["status"], "out of memory", "{run:?}");
    assert_eq!(attempt("killed")["status"], "killed", "{run:?}");
    assert_eq!(attempt("loud")["truncated"], true);
    assert_eq!(cases["loud"]["stdout"].as_str().map(str::len), Some(100 << 10));
    assert_eq!(attempt("silent")["exit_code"], 5, "its output ended before it did");
}

/// D3.
#[test]
fn cases_that_misbehave_harm_nobody_else() {
    let scene = Scene::new("misbehaving");
    let limits = "pids_limit = 64\nmemory = \"128m\"\ntmpfs = { \"/tmp\" = \"size=1m\" }";
    scene.file("request.toml", format!("image = \"{BASIC}\"\n{limits}\n"));
    scene.file("cases", "good\nkills all\nfork bomb\nfull\nleaves\ngood too");
    let script = "case $0 in 'kills all') kill -9 -1 ;; 'fork bomb') f() { f & f; }; f ;; \
                  full) head -c 3000000 /dev/zero > /tmp/x ;; leaves) sleep 1000 & setsid sleep 1000 & exit 1 ;; esac";
    let args = ["--request", "request.toml", "--pool", "2", "--cases", "cases", "--attempts", "0"];
    let more = ["--exec", "agent", "--json", "out.jsonl", "--", "sh", "-c", script, "{case}"];
    let run = scene.run(args.iter().chain(&more));
    let expected = verdicts([
        ("good", "passed"),
        ("kills all", "infrastructure"),
        ("fork bomb", "failed"),
        ("full", "failed"),
        ("leaves", "failed"),
        ("good too", "passed"),
    ]);
    assert_eq!(scene.verdicts(), expected, "{run:?}");
    let cases = scene.cases();
    assert_eq!(cases["kills all"]["attempts"].as_array().map(Vec::len), Some(3), "{run:?}");
    assert_eq!(cases["leaves"]["attempts"][0]["left_behind"], 2, "{run:?}");
}

#[test]
fn a_run_with_much_output_needs_little_memory() {
    const MOST_KIB: u64 = 50 << 10;
    let scene = Scene::new("peak");
    let cases: Vec<_> = (0..150).map(|number| number.to_string()).collect();
    scene.file("cases", cases.join("\n"));
    let mut command = scene.command();
    command.args(["run", "--image", BASIC, "--pool", "2", "--cases", "cases", "--attempts", "1", "--quiet"]);
    command.args(["--json", "out.jsonl", "--junit", "junit.xml", "--timeline", "timeline.html"]);
    // All of it is kept until all of them have been tried again, and then two cases' at once at most are looked at.
    command.args(["--", "sh", "-c", "head -c 600000 /dev/zero | tr '\\0' x; exit 1", "{case}"]);
    let mut child = Child::of(command);
    let peak = peak_kib(child.id());
    assert_eq!(child.wait(Duration::from_secs(60)).code(), Some(1));
    assert!(scene.text("out.jsonl").len() > 80_000_000, "that much was printed");
    assert!(peak > 0 && peak < MOST_KIB, "{peak} KiB at most");
}

/// The most memory that a process has had resident when it ends.
fn peak_kib(pid: u32) -> u64 {
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // One that has ended, and was not waited for yet, has none.
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { return peak };
        peak = line.trim_end_matches("kB").trim().parse().expect("a number");
        std::thread::sleep(Duration::from_millis(20));
    }
}
