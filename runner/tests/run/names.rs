//! Cases from every source, with names of any bytes.

use std::io::Write;
use std::process::Stdio;

use crate::{Scene, outcome, verdicts};

/// R2, R8, R26. Names of any bytes reach their command and the reports.
#[test]
fn names_reach_their_command_as_they_are() {
    let scene = Scene::new("names");
    let long = "x".repeat(100_000);
    let names = ["a b", "it's \"quoted\"", "$HOME `id` \\n", "k\u{e4}se", "-e", "\u{1b}[31m", &long];
    scene.file("cases", [names.join("\n").as_bytes(), b"\nno \xff text"].concat());
    let line = "printf %s \"$1\"; test \"$1\" = \"$SEATRIAL_CASE\" && exit 7";
    let command = ["sh", "-c", line, "sh", "{case}"];
    let run = outcome(&mut scene.run(&["--pool", "2", "--retries", "0"], &command));
    assert_eq!(run.code, Some(1), "{run:?}");
    let cases = scene.cases();
    for name in names {
        let case = cases.get(name).unwrap_or_else(|| panic!("{name:.40} in {run:?}"));
        assert_eq!(case["attempts"][0]["exit_code"], 7, "{name:.40}");
        assert_eq!(case["stdout"], name, "{name:.40}");
    }
    let odd = &cases["no \u{fffd} text"];
    assert_eq!(odd["attempts"][0]["exit_code"], 7, "{odd}");
    assert_eq!(
        (&odd["case_base64"], &odd["stdout_base64"]),
        (&"bm8g/yB0ZXh0".into(), &"bm8g/yB0ZXh0".into())
    );
    assert!(run.stdout.contains("failed: no \\xff text"), "{}", run.stdout);
    assert!(!run.stdout.contains('\u{1b}'), "no sequence that a terminal would obey");
    assert!(run.stdout.contains("x… (100000 bytes)"));
}

/// R3, R22. A command lists the cases; one that fails is shown with its output.
#[test]
fn a_command_in_a_container_lists_the_cases() {
    let scene = Scene::new("list");
    let listing = |cmd: &str| {
        let options = ["--setup", "touch /tmp/set-up", "--list", cmd];
        outcome(&mut scene.run(&options, &["true", "{case}"]))
    };
    let run = listing("sh -c 'test -e /tmp/set-up && printf \"a b\\n\\nc\"'");
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(scene.verdicts(), verdicts([("a b", "passed"), ("c", "passed")]));

    for (cmd, said) in [
        ("sh -c 'echo a; echo what went wrong >&2; exit 4'", &["ended with code 4", "what went wrong"][..]),
        ("true", &["the command `true` names no case"]),
        ("yes", &["prints more than 64 MiB"]),
        ("no-such-program", &["lists no cases", "no-such-program"]),
        ("printf 'a\\na\\n'", &["`a` (2 times)"]),
    ] {
        let run = listing(cmd);
        assert_eq!(run.code, Some(2), "{cmd}: {run:?}");
        said.iter().for_each(|part| assert!(run.stderr.contains(part), "{cmd}: {}", run.stderr));
    }
}

/// R3. Standard input and globs name cases.
#[test]
fn standard_input_and_globs_name_cases() {
    let scene = Scene::new("sources");
    scene.file("one.txt", "");
    scene.file("two.txt", "");
    scene.file("three.md", "");
    let run = outcome(&mut scene.run(&["--glob", "*.txt"], &["true", "{case}"]));
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(scene.verdicts(), verdicts([("one.txt", "passed"), ("two.txt", "passed")]));

    let mut command = scene.run(&["--cases", "-"], &["true", "{case}"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it runs");
    let mut stdin = child.stdin.take().expect("its input");
    stdin.write_all(b"by pipe\n").expect("written");
    drop(stdin);
    assert!(child.wait().expect("it ends").success());
    assert_eq!(scene.verdicts(), verdicts([("by pipe", "passed")]));
}

/// R31. Completions and manual pages are printed.
#[test]
fn the_texts_for_shells_and_manuals_are_printed() {
    let scene = Scene::new("texts");
    for (args, part) in [
        (&["completions", "bash"][..], "_seatrial()"),
        (&["completions", "zsh"], "--expected-failure-list"),
        (&["completions", "fish"], "expected-failure-list"),
        (&["man"], "seatrial"),
        (&["man", "run"], "expected\\-failure\\-list"),
        (&["run", "--help"], "130  interrupted"),
    ] {
        let printed = outcome(scene.command().args(args));
        assert_eq!(printed.code, Some(0), "{printed:?}");
        assert!(printed.stdout.contains(part), "{args:?}: {}", printed.stdout);
    }
}
