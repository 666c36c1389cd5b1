//! Verdicts: failed cases are retried alone, lists are heeded, and every report says the same.

use serde_json::Value;

use crate::{Scene, outcome, verdicts};

/// The script of the cases; `flaky` fails the first time.
const SCRIPT: &str = r#"
case "$1" in
    pass*) echo "of no interest" ;;
    fails) echo "to stdout"; echo "to stderr" >&2; exit 3 ;;
    flaky) [ -e /shared/was-here ] || { touch /shared/was-here; echo "first time"; exit 1; } ;;
    expected) exit 1 ;;
    killed) kill -KILL $$ ;;
    hangs) sleep 1000 & exec yes ;;
esac
"#;

/// D2, R5, R6, R7, R8, R22, R24, R25, R26, R27. Every case has its verdict, and every report says the same.
#[test]
fn every_case_has_its_verdict_and_every_report_tells_it() {
    let scene = Scene::new("verdicts");
    scene.file("run.sh", SCRIPT);
    scene.share();
    scene.file(
        "cases",
        "pass\npasses in spite\nfails\nflaky\nexpected\nkilled\nhangs\nlonely\nleft out\nfails, and that is fine",
    );
    scene.file("expected", "expected # a bug of ours\npasses in * # a bug that was fixed\nnever seen\n");
    scene.file("alone", "regex:^lone\n");
    scene.file("exclusions", "left out # too slow here\n");
    scene.file("flaky", "flaky\n");
    let lists =
        ["--expected-failure-list", "expected", "--alone-list", "alone", "--exclude-list", "exclusions"];
    let more = ["--flaky-list", "flaky", "--exclude", "*fine", "--copy", "run.sh:/run.sh", "--timeout", "2s"];
    let reports = ["--junit", "junit.xml", "--timeline", "timeline.html", "--durations", "durations"];
    let options = [&["--request", "request.toml"], &lists[..], &more, &reports].concat();
    let run = outcome(&mut scene.run(&options, &["sh", "/run.sh", "{case}"]));
    assert_eq!(run.code, Some(1), "{run:?}");
    let expected = verdicts([
        ("pass", "passed"),
        ("passes in spite", "unexpected-pass"),
        ("fails", "failed"),
        ("flaky", "flaky"),
        ("expected", "expected-failure"),
        ("killed", "failed"),
        ("hangs", "failed"),
        ("lonely", "passed"),
        ("left out", "excluded"),
        ("fails, and that is fine", "excluded"),
    ]);
    assert_eq!(scene.verdicts(), expected, "{run:?}");

    let cases = scene.cases();
    let fails = &cases["fails"];
    assert_eq!((&fails["stdout"], &fails["stderr"]), (&"to stdout\n".into(), &"to stderr\n".into()));
    let places: Vec<_> =
        fails["attempts"].as_array().expect("attempts").iter().map(|one| &one["place"]).collect();
    assert_eq!(places, ["shared", "alone"]);
    assert_eq!(fails["attempts"][1]["exit_code"], 3);
    assert_eq!(cases["killed"]["attempts"][1]["status"], "killed");
    assert_eq!(cases["hangs"]["attempts"][1]["status"], "timeout");
    assert_eq!(cases["hangs"]["attempts"][1]["truncated"], true, "it prints without end");
    assert_eq!(cases["lonely"]["attempts"][0]["place"], "alone");
    assert_eq!(cases["left out"]["reason"], "too slow here");
    assert!(cases["pass"].get("stdout").is_none(), "output of failures only");
    let end = &scene.lines()[11];
    assert_eq!((&end["type"], &end["exit_code"]), (&"end".into(), &1.into()));
    assert_eq!(end["counts"]["unexpected_pass"], 1);

    for part in [
        "failed: fails: exit code 3 after ",
        "    to stdout\n",
        "flaky: flaky: exit code 1",
        "unexpected pass: passes in spite (a bug that was fixed)",
        "failed: hangs: its time was up",
        "       3 failed: fails, killed, hangs",
        "10 cases in ",
    ] {
        assert!(run.stdout.contains(part), "`{part}` in {}", run.stdout);
    }
    assert!(!run.stdout.contains("of no interest"), "{}", run.stdout);
    assert!(
        run.stderr.contains("no case matches `never seen` (expected failures, line 3 of"),
        "{}",
        run.stderr
    );

    let document = include_str!("../../../docs/runner.md");
    for line in scene.lines() {
        for key in keys(&line) {
            let is_there =
                [format!("`{key}`"), format!("\"{key}\":")].iter().any(|key| document.contains(key));
            assert!(is_there, "`{key}` is not documented");
        }
    }
    let junit = scene.text("junit.xml");
    let mut xml = quick_xml::Reader::from_str(&junit);
    while xml.read_event().expect("well-formed") != quick_xml::events::Event::Eof {}
    for part in [
        r#"tests="10" failures="4" errors="0" skipped="3""#,
        r#"<testcase name="fails" classname="seatrial/basic:dev""#,
        r#"<failure message="exit code 3" type="failed">exit code 3 after "#,
        "stdout:&#10;to stdout&#10;stderr:&#10;to stderr&#10;</failure><system-out>to stdout&#10;</system-out>",
        r#"<skipped message="excluded: too slow here"/>"#,
        r#"<flakyFailure message="exit code 1" type="flaky"><stackTrace>exit code 1 after "#,
    ] {
        assert!(junit.contains(part), "`{part}` in {junit}");
    }
    assert!(scene.text("timeline.html").contains("lonely"));
    let durations = scene.text("durations");
    assert!(durations.contains("\tpasses in spite\n") && !durations.contains("left out"), "{durations}");
}

/// R4, R11, R12, R22, R26, R27. A run without failures is a success, and runs its cases in the planned order.
#[test]
fn a_run_without_failures_is_a_success() {
    let scene = Scene::new("success");
    scene.file("cases", "a\nb\nc\nd\ne");
    scene.file("durations", "0.5\td\n9.0\te\n0.1\ta\n");
    let around = ["--setup", "mkdir /there", "--reset", "test -d /there", "--exec", "engine"];
    let options = ["--durations", "durations", "--filter", "[a-d]", "--json", "-", "--quiet"];
    let run = scene
        .run_shell(&[&around[..], &options].concat(), "test -d /there && test \"$SEATRIAL_CASE\" = \"$0\"");
    assert_eq!(run.code, Some(0), "{run:?}");
    let order: Vec<_> = run.stdout.lines().filter_map(|line| line.split_once(r#""case":""#)).collect();
    let order: Vec<_> = order.iter().map(|(_, rest)| &rest[..1]).collect();
    assert_eq!(order, ["b", "c", "d", "a"], "unknown ones first, then the longest");
    assert!(scene.text("durations").contains("9.000\te\n"), "a case that was not run keeps its entry");
}

/// R13. Repetition finds a case that fails at times.
#[test]
fn repetition_finds_flaky_cases() {
    let scene = Scene::new("repeat");
    scene.file("cases", "steady\nflaky");
    let count =
        "n=$(cat /tmp/n 2>/dev/null || echo 0); echo $((n + 1)) > /tmp/n; test $0 = steady || test $n -lt 4";
    let run = scene.run_shell(&["--repeat", "3"], count);
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(scene.verdicts(), verdicts([("steady", "passed"), ("flaky", "flaky")]), "{run:?}");
    assert_eq!(scene.cases()["flaky"]["attempts"].as_array().map(Vec::len), Some(3));
}

/// R14, R28. The first failure ends a run with `--fail-fast`, and is an annotation on GitHub.
#[test]
fn the_first_failure_ends_a_fail_fast_run() {
    let scene = Scene::new("fail-fast");
    scene.file("cases", "good\nbad\nlater\nmuch later");
    let mut command = scene.run(&["--fail-fast"], &["sh", "-c", "test \"$0\" != bad", "{case}"]);
    let run = outcome(command.env("GITHUB_ACTIONS", "true"));
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("::error title=bad::failed: exit code 1"), "{}", run.stdout);
    let expected =
        verdicts([("good", "passed"), ("bad", "failed"), ("later", "not-run"), ("much later", "not-run")]);
    assert_eq!(scene.verdicts(), expected, "{run:?}");
}

/// Returns the names of all fields of a line, but those of `counts`, which are verdicts.
fn keys(line: &Value) -> Vec<String> {
    let Value::Object(fields) = line else { return Vec::new() };
    let inner = fields["type"] == "case";
    let attempts = inner.then(|| fields["attempts"].as_array()).flatten().into_iter().flatten();
    let attempts = attempts.filter_map(Value::as_object).flat_map(|attempt| attempt.keys());
    fields.keys().chain(attempts).cloned().collect()
}
