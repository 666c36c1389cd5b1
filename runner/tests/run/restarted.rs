//! An engine that is restarted while cases run.

use std::time::Duration;

use seatrial_tests::{Child, Daemon, Leftovers};

use crate::{BASIC, Scene, until, verdicts};

/// R18. A run goes on when the engine is back: the daemon has ended its containers, and the cases in them.
#[test]
fn a_run_goes_on_with_the_engine_that_is_back() {
    // The containers may ignore their signal, and the test need not wait for them.
    let Some(mut daemon) = Daemon::start_with(vec!["--shutdown-timeout=3".to_owned()]) else { return };
    daemon.load(BASIC);
    let scene = Scene::new("restarted");
    std::fs::create_dir(scene.path("shared")).expect("a folder");
    let shared = "mounts = [{ bind = \"shared\", target = \"/shared\" }]";
    scene.file("request.toml", format!("image = \"{BASIC}\"\nnetwork = \"none\"\n{shared}\n"));
    scene.file("cases", "first\nsecond\nlater\nfails later");
    let line = "echo $0 >> /shared/begun; until test -e /shared/go; do sleep 0.1; done; test \"$0\" != 'fails later'";
    let options = ["--request", "request.toml", "--pool", "2", "--retries", "0", "--verbose"];
    let mut command = scene.run(&options, &["sh", "-c", line, "{case}"]);
    command.env("DOCKER_HOST", format!("unix://{}", daemon.socket().display()));
    let mut child = Child::of(command);
    let begun = || std::fs::read_to_string(scene.path("shared/begun")).unwrap_or_default();
    until("two cases are under way", || begun().lines().count() == 2);
    daemon.stop();
    scene.file("shared/go", "");
    daemon.begin();
    let code = child.wait(Duration::from_secs(120)).code();
    assert_eq!(code, Some(1), "{:#?}", child.lines());

    let expected =
        verdicts([("first", "passed"), ("second", "passed"), ("later", "passed"), ("fails later", "failed")]);
    assert_eq!(scene.verdicts(), expected, "{:#?}", child.lines());
    for (name, case) in scene.cases() {
        let attempts = case["attempts"].as_array().expect("attempts");
        let statuses: Vec<_> = attempts.iter().filter_map(|attempt| attempt["status"].as_str()).collect();
        match name.as_str() {
            "first" | "second" => assert_eq!(statuses, ["infrastructure", "success"], "{case}"),
            "later" => assert_eq!(statuses, ["success"], "{case}"),
            _ => assert_eq!(statuses, ["error"], "{case}"),
        }
        if attempts.len() == 2 {
            assert_ne!(attempts[0]["member"], attempts[1]["member"], "another container: {case}");
        }
    }
    assert_eq!(begun().lines().filter(|name| *name == "first").count(), 2);
    Leftovers::assert_none(&daemon.engine(), &scene.session, Duration::from_secs(15));
}
