//! Reports that are read by programs while the run goes on or after it: complete, alone on their stream, or lost.

use std::time::Duration;

use seatrial_tests::Child;
use serde_json::Value;

use crate::{Outcome, Scene, outcome, until};

const SOON: Duration = Duration::from_secs(60);
const SIGKILL: i32 = 9;

/// Runs one case that passes and one that fails.
fn run_two(scene: &Scene, options: &[&str], line: &str, env: &[(&str, &str)]) -> Outcome {
    scene.file("cases", "good\nbad");
    let mut command = scene.run(options, &["sh", "-c", line, "{case}"]);
    outcome(command.envs(env.iter().copied()))
}

/// R22, R25, R26. A report that can't be written completely has an exit code of its own, and the last line names it.
#[test]
fn a_lost_report_has_an_exit_code_of_its_own() {
    let scene = Scene::new("lost-reports");
    for (report, what) in [("--junit", "JUnit"), ("--json", "JSON"), ("--timeline", "timeline")] {
        for (line, others) in [("true", "as if all passed"), ("test $0 = good", "and a case that failed")] {
            let run = run_two(&scene, &[report, "/dev/full", "--retries", "0"], line, &[]);
            assert_eq!(run.code, Some(5), "{report}, {others}: {run:?}");
            let last = run.stderr.lines().last().unwrap_or_default();
            assert!(
                last.contains(what) && last.contains("`/dev/full`") && last.contains("No space"),
                "{last}"
            );
        }
    }
}

/// R25, R26. A run that is killed leaves the JUnit report of an earlier run as it was, and in the JSON report each line
/// whose verdict was known.
#[test]
fn a_killed_run_leaves_the_lines_that_were_known_and_no_half_report() {
    let scene = Scene::new("killed");
    scene.file("junit.xml", "<earlier/>");
    scene.file("durations", "1.000\tearlier\n");
    scene.file("out.jsonl", "an earlier report\n".repeat(50));
    scene.file("cases", "ends\nhangs");
    let options = ["--junit", "junit.xml", "--durations", "durations", "--verbose"];
    let mut child = Child::of(scene.run(&options, &["sh", "-c", "test $0 = ends || sleep 1000", "{case}"]));
    until("the verdict is in the file", || scene.text("out.jsonl").contains("\"case\":\"ends\""));
    child.kill(SIGKILL);
    assert!(!child.wait(SOON).success());
    assert_eq!(scene.text("junit.xml"), "<earlier/>");
    assert_eq!(scene.text("durations"), "1.000\tearlier\n");
    let lines = scene.lines();
    assert_eq!((lines.len(), &lines[0]["type"], &lines[1]["verdict"]), (2, &"run".into(), &"passed".into()));
    let mut sweep = scene.command();
    sweep.env_remove("SEATRIAL_SESSION_ID").args(["sweep", "--older-than", "0s", "--remove", "--session"]);
    assert_eq!(outcome(sweep.arg(&scene.session)).code, Some(0));
}

/// R25, R26. A report on standard output has the stream for itself; people are told on standard error.
#[test]
fn a_report_on_standard_output_is_alone_there() {
    let scene = Scene::new("stdout");
    for look in [&["--verbose"][..], &["--quiet"], &[]] {
        let options = [&["--json", "-", "--retries", "1"][..], look].concat();
        let run = run_two(&scene, &options, "echo said; test $0 = good", &[("GITHUB_ACTIONS", "true")]);
        assert_eq!(run.code, Some(1), "{run:?}");
        let types: Vec<_> = run
            .stdout
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("JSON and nothing else")["type"].clone())
            .collect();
        assert_eq!(types, ["run", "case", "case", "end"]);
        assert!(
            run.stderr.contains("failed: bad: exit code 1") && run.stderr.contains("2 cases in "),
            "{run:?}"
        );
    }
    for name in ["/dev/stdout", "/proc/self/fd/1"] {
        let run = run_two(&scene, &["--json", name], "test $0 = good", &[]);
        assert!(run.stdout.lines().all(|line| line.starts_with('{')), "{name}: {}", run.stdout);
    }
    let run = run_two(&scene, &["--junit", "-"], "test $0 = good", &[]);
    assert!(run.stdout.starts_with("<?xml") && run.stdout.ends_with("</testsuites>\n"), "{}", run.stdout);
    assert!(run.stderr.contains("failed: bad: exit code 1"), "{run:?}");
    assert!(!scene.path("-").exists(), "`-` is no file");
}

/// R28. Whatever a case, a set-up or a listing prints, a CI service takes no command from it.
#[test]
fn no_output_of_a_case_commands_the_ci_service() {
    let scene = Scene::new("commands");
    let say = "printf '::add-mask::x\\n  ::stop-commands::t\\n##[error]y\\n##vso[task.complete]z\\n##teamcity[buildStop]\\n'";
    let is_command = |line: &str| {
        let line = line.trim_start();
        let anywhere = ["##[", "##vso[", "##teamcity["];
        line.starts_with("::") && !line.starts_with("::error title=")
            || !line.starts_with("::error title=") && anywhere.iter().any(|command| line.contains(command))
    };
    let services = [("GITHUB_ACTIONS", "true"), ("TF_BUILD", "True"), ("TEAMCITY_VERSION", "2026")];
    for service in services {
        let check = |what: &str, run: &Outcome, code: i32| {
            assert_eq!(run.code, Some(code), "{what}: {run:?}");
            let all = format!("{}\n{}", run.stdout, run.stderr);
            assert!(all.contains("add-mask"), "it is shown, {what}: {all}");
            for line in all.split(['\n', '\r']) {
                assert!(!is_command(line), "{service:?}, {what}: {line:?}");
            }
        };
        let line = format!("{say}; {say} >&2; test $0 = good");
        check("a case", &run_two(&scene, &["--verbose"], &line, &[service]), 1);
        for report in ["--json", "--junit"] {
            check(report, &run_two(&scene, &[report, "-"], &line, &[service]), 1);
        }
        let set_up = format!("sh -c \"{}; exit 1\"", say.replace('\\', "\\\\"));
        check("a set-up", &run_two(&scene, &["--setup", &set_up], "true", &[service]), 3);
        let listing = ["--list", &set_up];
        let run = outcome(scene.run(&listing, &["true", "{case}"]).envs([service]));
        check("a listing", &run, 2);
    }
}
