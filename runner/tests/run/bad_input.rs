//! Requests that are refused before anything is started: the engine's address in these tests leads nowhere.

use crate::{Scene, outcome};

/// Checks that a run with these arguments, separated by blanks, is refused with a message that has this part.
#[track_caller]
fn refused(scene: &Scene, args: &str, part: &str) {
    let mut command = scene.command();
    command.arg("run").args(args.split(' ')).env("DOCKER_HOST", "tcp://127.0.0.1:1");
    let run = outcome(&mut command);
    assert_eq!(run.code, Some(2), "{args}: {run:?}");
    assert!(run.stderr.contains(part), "`{part}` for {args}: {}", run.stderr);
}

/// R1, R7, R11, R21. Options that contradict each other, or can't be, are refused by name.
#[test]
fn a_command_line_that_makes_no_sense_is_refused() {
    let scene = Scene::new("bad-line");
    scene.file("cases", "a\nb\n");
    scene.file("bad", "regex:(\n");
    scene.file("may.toml", "image = \"x\"\ncap_add = [\"SYS_ADMIN\"]\n");
    for (args, part) in [
        ("--image x --cases cases -- run all", "write `{case}` where the name of the case belongs"),
        ("--image x --cases cases", "required"),
        ("--image x -- run {case}", "--cases"),
        ("--image x --cases cases --glob * -- run {case}", "cannot be used with"),
        ("--cases cases -- run {case}", "no image is named"),
        ("--image x --cases cases --shard 0/2 -- run {case}", "counted from 1"),
        ("--image x --cases cases --shard 3/2 -- run {case}", "the last is `2/2`"),
        ("--image x --cases cases --pool 0 -- run {case}", "1 is the least"),
        ("--image x --cases cases --repeat 0 -- run {case}", "run 0 times"),
        ("--image x --cases cases --timeout 0 -- run {case}", "time limit of 0"),
        ("--image x --cases cases --timeout soon -- run {case}", "`soon`"),
        ("--image x --cases cases --timeout 60s --run-timeout 1m -- run {case}", "has to be the shorter one"),
        ("--image x --cases cases --fresh --reset true -- run {case}", "cannot be used with"),
        ("--image x --cases cases --setup 'open -- run {case}", "a quote is not closed"),
        ("--image x --cases cases --env A -- run {case}", "with `=` between them"),
        ("--image x --cases cases --copy none:/x -- run {case}", "there is no `none`"),
        ("--image x --cases cases --filter regex:( -- run {case}", "unclosed group"),
        ("--image x --cases cases --filter c* -- run {case}", "none matches the filters"),
        ("--image x --cases cases --output-limit lots -- run {case}", "`lots` is no size"),
        ("--image x --cases cases --isolated -- run {case}", "add `cap_add = [\"SYS_ADMIN\"]`"),
        ("--request may.toml --cases cases --isolated --exec engine -- run {case}", "need the agent"),
        ("--request may.toml --cases cases --isolated --user 7:0 -- run {case}", "not as user 7"),
        // No container is started to list the cases of a run that can't be.
        ("--image x --list list --isolated -- run {case}", "`SYS_ADMIN`"),
        ("--image x --list list --timeout 0 -- run {case}", "time limit of 0"),
        ("--image x --cases cases --json - --junit - -- run {case}", "only one report can be"),
        ("--image x --list list --flaky-list bad -- run {case}", "line 1 of `bad`"),
    ] {
        refused(&scene, args, part);
    }
    let mut command = scene.command();
    command.args(["run", "--image", "x", "--cases", "cases", "--", "run", "{case}"]);
    let run = outcome(command.env("SEATRIAL_POOL_SIZE", "many").env("DOCKER_HOST", "tcp://127.0.0.1:1"));
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.stderr.contains("`SEATRIAL_POOL_SIZE` is `many`"), "{}", run.stderr);
}

/// R1, R2, R3. Files that can't be read or written, reports among them, are refused by name before anything starts.
#[test]
fn files_that_can_t_be_read_or_written_are_refused_by_name() {
    let scene = Scene::new("bad-files");
    scene.file("cases", "a\nb\n");
    scene.file("empty", "\n");
    scene.file("twice", "a\nb\na\nb\nc\n");
    scene.file("two\nlines", "");
    scene.file("nul", "a\0b\n");
    scene.file("long", "x".repeat(140_000));
    scene.file("bytes", b"a\n\xff\n");
    scene.file("patterns", "a\n\nregex:(\n");
    scene.file("typo.toml", "image = \"x\"\nenvironment = {}\n");
    scene.file("record", "1.0\ta\nnonsense\n");
    for (args, part) in [
        ("--image x --cases nowhere -- run {case}", "`nowhere`"),
        ("--image x --cases empty -- run {case}", "`empty` names no case"),
        ("--image x --cases twice -- run {case}", "`a` (2 times), `b` (2 times)"),
        ("--image x --cases nul -- run {case}", "NUL"),
        ("--image x --cases long -- run {case}", "140000 bytes"),
        ("--image x --cases bytes --exec engine -- run {case}", "the name `\\xff` is not text"),
        ("--image x --glob nothing/* -- run {case}", "`nothing`"),
        ("--image x --glob two* -- run {case}", "with a newline"),
        ("--image x --glob *.none -- run {case}", "names no case"),
        ("--image x --cases cases --flaky-list patterns -- run {case}", "line 3 of `patterns`"),
        ("--image x --cases cases --alone-list nowhere -- run {case}", "`nowhere`"),
        ("--request typo.toml --cases cases -- run {case}", "unknown field `environment`"),
        ("--request nowhere --cases cases -- run {case}", "`nowhere`"),
        ("--image x --cases cases --junit no/j.xml -- run {case}", "`no/j.xml`"),
        ("--image x --cases cases --json no/j -- run {case}", "`no/j`"),
        ("--image x --cases cases --timeline no/t -- run {case}", "`no/t`"),
        ("--image x --cases cases --durations no/d -- run {case}", "`no/d`"),
        ("--image x --cases cases --durations record -- run {case}", "line 2 of `record`"),
        ("--image x --cases cases --durations /dev/zero -- run {case}", "`/dev/zero` is no file"),
    ] {
        refused(&scene, args, part);
    }
}

/// R17, R22, R30. Without an engine the exit code is the engine's, and a doctor says so.
#[test]
fn without_an_engine_the_run_fails_as_such() {
    let scene = Scene::new("no-engine");
    scene.file("cases", "a\n");
    let mut command = scene.command();
    command.args(["run", "--image", "x", "--cases", "cases", "--", "true", "{case}"]);
    let run = outcome(command.env("DOCKER_HOST", "tcp://127.0.0.1:1"));
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stderr.contains("127.0.0.1:1"), "{}", run.stderr);
    let doctor = outcome(scene.command().arg("doctor").env("DOCKER_HOST", "tcp://127.0.0.1:1"));
    assert_eq!(doctor.code, Some(1), "{doctor:?}");
    assert!(doctor.stdout.contains("WRONG    engine: "), "{}", doctor.stdout);
}

/// R1. The options' earlier names mean the same, and no help shows them.
#[test]
fn earlier_names_of_options_still_work_and_are_hidden() {
    let scene = Scene::new("old-names");
    scene.file("cases", "a\nb\n");
    scene.file("bad", "regex:(\n");
    for option in ["--excluded", "--expected-failures", "--flaky", "--exclusive"] {
        refused(&scene, &format!("--image x --cases cases {option} bad -- run {{case}}"), "line 1 of `bad`");
    }
    for option in ["--workdir /tmp", "--attempts 2", "--flaky-attempts 2"] {
        refused(
            &scene,
            &format!("--image x --cases cases {option} --pool 0 -- run {{case}}"),
            "1 is the least",
        );
    }
    let help = outcome(scene.command().args(["run", "--help"])).stdout;
    let shown = |option: &str| help.split_whitespace().any(|word| word == option);
    for (old, new) in [
        ("--excluded", "--exclude-list"),
        ("--expected-failures", "--expected-failure-list"),
        ("--flaky", "--flaky-list"),
        ("--exclusive", "--alone-list"),
        ("--workdir", "--working-dir"),
        ("--attempts", "--retries"),
        ("--flaky-attempts", "--flaky-retries"),
    ] {
        assert!(!shown(old) && shown(new), "{old} {new}: {help}");
    }
}
