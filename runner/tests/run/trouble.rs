//! Cases that harm their container, and containers that harm their cases.

use std::time::Duration;

use seatrial_tests::{Child, EngineProxy, Fault, Matcher};

use crate::{BASIC, Scene, outcome, verdicts};

/// D2, D3, R15, R22. A case that ends its container has no verdict, and is attempted on others.
#[test]
fn a_case_that_ends_its_container_is_no_verdict_and_is_tried_on_others() {
    let scene = Scene::new("container-ends");
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncmd = [\"sh\", \"-c\", \"trap 'exit 7' TERM; while :; do sleep 0.1; done\"]\n"));
    scene.file("cases", "good\ndeadly\ngood too");
    let options = ["--request", "request.toml", "--pool", "2"];
    let run = scene.run_shell(&options, "test \"$0\" != deadly || { kill 1; sleep 1000; }");
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

/// D2, R8, R16. A lack of memory is told from a kill, and from a child's lack of memory.
#[test]
fn a_case_that_wants_too_much_memory_is_told_from_one_that_is_killed() {
    let scene = Scene::new("memory");
    scene.file("request.toml", format!("image = \"{BASIC}\"\nmemory = \"48m\"\nmemory_swap = \"48m\"\n"));
    scene.file("cases", "hungry\nkilled\nloud\nsilent\nhungry child\nhungry child of a failure");
    let script = "case $0 in hungry) exec tail /dev/zero ;; killed) kill -KILL $$ ;; \
                  loud) yes | head -c 9000000; exit 1 ;; silent) exec >&- 2>&-; sleep 0.2; exit 5 ;; \
                  'hungry child') tail /dev/zero; exit 0 ;; *failure) tail /dev/zero; exit 3 ;; esac";
    let options = ["--request", "request.toml", "--retries", "0", "--output-limit", "100k"];
    let run = scene.run_shell(&options, script);
    assert_eq!(run.code, Some(1), "{run:?}");
    let cases = scene.cases();
    let attempt = |name: &str| &cases[name]["attempts"][0];
    assert_eq!(attempt("hungry")["status"], "out of memory", "{run:?}");
    assert_eq!(attempt("killed")["status"], "killed", "{run:?}");
    assert_eq!(attempt("loud")["truncated"], true);
    assert_eq!(cases["loud"]["stdout"].as_str().map(str::len), Some(100 << 10));
    assert_eq!(attempt("silent")["exit_code"], 5, "its output ended before it did");
    let child = &cases["hungry child"];
    assert_eq!(
        (&child["verdict"], &attempt("hungry child")["status"]),
        (&"passed".into(), &"success".into())
    );
    let failure = attempt("hungry child of a failure");
    assert_eq!((&failure["status"], &failure["exit_code"]), (&"error".into(), &3.into()));
    for attempt in [attempt("hungry child"), failure] {
        assert_eq!(attempt["note"], "out of memory in a child", "{run:?}");
    }
    assert!(run.stdout.contains("passed: hungry child: success: out of memory in a child"), "{run:?}");
}

/// D3, R15, R16. A case that misbehaves gets a verdict of its own, and others keep theirs.
#[test]
fn cases_that_misbehave_harm_no_other_case() {
    let scene = Scene::new("misbehaving");
    let limits = "pids_limit = 64\nmemory = \"128m\"\ntmpfs = { \"/tmp\" = \"size=1m\" }";
    scene.file("request.toml", format!("image = \"{BASIC}\"\n{limits}\n"));
    scene.file("cases", "good\nkills all\nfork bomb\nfull\nleaves\ngood too");
    let script = "case $0 in 'kills all') kill -9 -1 ;; 'fork bomb') f() { f & f; }; f ;; \
                  full) head -c 3000000 /dev/zero > /tmp/x ;; leaves) sleep 1000 & setsid sleep 1000 & exit 1 ;; esac";
    let options = ["--request", "request.toml", "--pool", "2", "--retries", "0", "--exec", "agent"];
    let run = scene.run_shell(&options, script);
    let expected = verdicts([
        ("good", "passed"),
        ("kills all", "failed"),
        ("fork bomb", "failed"),
        ("full", "failed"),
        ("leaves", "failed"),
        ("good too", "passed"),
    ]);
    assert_eq!(scene.verdicts(), expected, "{run:?}");
    let cases = scene.cases();
    assert_eq!(cases["kills all"]["attempts"].as_array().map(Vec::len), Some(1), "{run:?}");
    assert_eq!(cases["leaves"]["attempts"][0]["left_behind"], 2, "{run:?}");
}

/// R20. Where the agent can't run, cases go by the engine's exec, or not at all.
#[test]
fn where_the_agent_can_t_be_cases_go_by_the_engine_or_not_at_all() {
    let scene = Scene::new("no-agent");
    scene.file("cases", "a\nb");
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let run = |exec: &str| {
        let mut command = scene.run(&["--exec", exec], &["true", "{case}"]);
        outcome(command.env("DOCKER_HOST", proxy.docker_host()))
    };
    let by_engine = run("auto");
    assert_eq!(by_engine.code, Some(0), "{by_engine:?}");
    let end = scene.lines().pop().expect("an end");
    let warning = end["warnings"][0].as_str().expect("a warning");
    assert!(warning.contains("by the engine's exec") && warning.contains("no space left"), "{warning}");
    assert!(by_engine.stdout.contains(warning), "{by_engine:?}");
    let not_at_all = run("agent");
    assert_eq!(not_at_all.code, Some(3), "{not_at_all:?}");
    assert_eq!(scene.verdicts(), verdicts([("a", "infrastructure"), ("b", "infrastructure")]));
    assert!(not_at_all.stdout.contains("the agent can't run in it"), "{not_at_all:?}");
}

/// R8, R10. The memory of a run does not grow with its output.
#[test]
fn a_run_with_much_output_needs_little_memory() {
    const MOST_KIB: u64 = 50 << 10;
    let scene = Scene::new("peak");
    let cases: Vec<_> = (0..150).map(|number| number.to_string()).collect();
    scene.file("cases", cases.join("\n"));
    let reports = ["--junit", "junit.xml", "--timeline", "timeline.html"];
    let options = [&["--pool", "2", "--retries", "1", "--quiet"][..], &reports].concat();
    // All of it is kept until all of them have been tried again, and then two cases' at once at most are looked at.
    let line = "head -c 600000 /dev/zero | tr '\\0' x; exit 1";
    let command = scene.run(&options, &["sh", "-c", line, "{case}"]);
    let mut child = Child::of(command);
    let peak = peak_kib(child.id());
    assert_eq!(child.wait(Duration::from_secs(60)).code(), Some(1));
    assert!(scene.text("out.jsonl").len() > 80_000_000, "that much was printed");
    assert!(peak > 0 && peak < MOST_KIB, "{peak} KiB at most");
}

/// Returns the most memory that a process had resident until its end, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let mut peak = 0;
    loop {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        // A process that has ended, and was not waited for yet, has none.
        let Some(line) = status.lines().find_map(|line| line.strip_prefix("VmHWM:")) else { return peak };
        peak = line.trim_end_matches("kB").trim().parse().expect("a number");
        std::thread::sleep(Duration::from_millis(20));
    }
}
