//! Cases on a throw-away layer above the root.

use crate::{BASIC, Scene, verdicts};

/// R21.
#[test]
fn what_an_isolated_case_writes_no_other_case_sees() {
    let scene = Scene::new("isolated");
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncap_add = [\"SYS_ADMIN\"]\n"));
    scene.file("cases", "writes\nlooks");
    let line = "case $0 in writes) echo own > /etc/own && cat /etc/own ;; looks) test ! -e /etc/own ;; esac";
    let options = ["--request", "request.toml", "--attempts", "0"];
    let run = scene.run_shell(&[&options[..], &["--isolated"]].concat(), line);
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = scene.run_shell(&options, line);
    assert_eq!(run.code, Some(1), "without isolation the second sees it: {run:?}");
    assert_eq!(scene.verdicts(), verdicts([("writes", "passed"), ("looks", "failed")]), "{run:?}");
}

/// R21.
#[test]
fn where_it_turns_out_that_a_container_may_not_isolate_the_cases_fail_with_the_reason() {
    let scene = Scene::new("not-isolated");
    // It has the capability, but not for this user: that is known inside only.
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncap_add = [\"SYS_ADMIN\"]\nuser = \"1000\"\n"));
    scene.file("cases", "a\nb");
    let run = scene.run_shell(&["--request", "request.toml", "--attempts", "0", "--isolated"], "true");
    assert_eq!(run.code, Some(1), "{run:?}");
    for case in scene.cases().values() {
        let attempts = case["attempts"].as_array().expect("attempts");
        assert_eq!((attempts.len(), &attempts[0]["status"]), (1, &"error".into()), "{case}");
        assert!(attempts[0]["note"].as_str().is_some_and(|note| note.contains("may not do that")), "{case}");
    }
}
