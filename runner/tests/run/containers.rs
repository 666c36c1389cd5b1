//! The containers of a run: their options, set-up, reset and replacement.

use crate::{Scene, outcome, verdicts};

/// R4. The options of containers and cases reach them, by the agent and by the engine's exec.
#[test]
fn the_options_of_containers_and_cases_reach_them() {
    let scene = Scene::new("options");
    scene.file("cases", "a\nb");
    std::fs::create_dir(scene.path("data")).expect("a folder");
    scene.file("data/file", "copied");
    scene.file("request.toml", "image = \"seatrial/basic:dev\"\nenv = { FROM_FILE = \"1\" }\n");
    let line = "test \"$PWD $FROM_FILE $FROM_LINE $(id -u) $(cat /data/file)\" = '/tmp 1 x=y 7 copied'";
    let options = ["--request", "request.toml", "--env", "FROM_LINE=x=y", "--copy", "data:/data"];
    for exec in ["agent", "engine"] {
        let more = ["--working-dir", "/tmp", "--user", "7", "--exec", exec];
        let run = scene.run_shell(&[&options[..], &more].concat(), line);
        assert_eq!(run.code, Some(0), "{exec}: {run:?}");
    }
}

/// R4. A container in which the reset fails gets no further case.
#[test]
fn a_container_in_which_the_reset_fails_is_replaced() {
    let scene = Scene::new("reset");
    scene.file("cases", "clean\ndirty\nafter it");
    let reset = ["--reset", "test ! -e /dirty"];
    let run = scene.run_shell(&reset, "test ! -e /dirty && { test $0 != dirty || touch /dirty; }");
    assert_eq!(run.code, Some(0), "{run:?}");
    let cases = scene.cases();
    let member = |name: &str| cases[name]["attempts"][0]["member"].clone();
    assert_eq!(member("clean"), member("dirty"), "one that was reset is used again");
    assert_ne!(member("dirty"), member("after it"));
}

/// R4. With `--fresh`, each case gets a container of its own, with the set-up.
#[test]
fn a_fresh_container_is_used_once() {
    let scene = Scene::new("fresh");
    scene.file("cases", "a\nb\nc");
    let run =
        scene.run_shell(&["--fresh", "--setup", "touch /set-up"], "test -e /set-up && mkdir /used-once");
    assert_eq!(run.code, Some(0), "{run:?}");
}

/// R15, R17, R22. A set-up that fails in every container ends the run, and is no verdict on a case.
#[test]
fn a_set_up_that_fails_everywhere_ends_the_run() {
    let scene = Scene::new("setup");
    let names: Vec<_> = ('a'..='z').map(String::from).collect();
    scene.file("cases", names.join("\n"));
    let set_up = ["--pool", "2", "--setup", "sh -c 'echo what is missing; exit 3'"];
    let run = scene.run_shell(&set_up, "true");
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.stdout.contains("12 attempts in a row failed"), "{}", run.stdout);
    assert!(run.stdout.contains("what is missing"), "{}", run.stdout);
    let end = scene.lines().pop().expect("an end");
    assert_eq!((&end["stopped"], &end["exit_code"]), (&"gave-up".into(), &3.into()));
    assert_eq!((&end["counts"]["passed"], &end["counts"]["failed"]), (&0.into(), &0.into()));
}

/// R11. Shards divide the cases, every n-th or by durations.
#[test]
fn shards_are_a_division_with_and_without_durations() {
    let scene = Scene::new("shards");
    scene.file("cases", "a\nb\nc\nd\ne");
    let shard = |options: &[&str]| {
        let run = outcome(&mut scene.run(options, &["true", "{case}"]));
        assert_eq!(run.code, Some(0), "{run:?}");
        assert_eq!(scene.lines()[0]["left_out"], 5 - scene.verdicts().len());
        scene.verdicts()
    };
    assert_eq!(shard(&["--shard", "2/2"]), verdicts([("b", "passed"), ("d", "passed")]));
    let record = "5.0\tb\n1.0\ta\n1.0\tc\n1.0\td\n1.0\te\n";
    let by_time = ["1/2", "2/2"].map(|part| {
        scene.file("durations", record);
        shard(&["--shard", part, "--durations", "durations"])
    });
    assert_eq!(by_time[0], verdicts([("b", "passed")]), "it takes as long as all others");
    assert_eq!(by_time[1].len(), 4);
}
