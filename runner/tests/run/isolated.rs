//! Isolated cases: each on a layer of its own above the root.

use crate::{BASIC, Scene, verdicts};

/// R21. No case sees the files that an isolated case has written.
#[test]
fn no_case_sees_the_files_of_an_isolated_case() {
    let scene = Scene::new("isolated");
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncap_add = [\"SYS_ADMIN\"]\n"));
    scene.file("cases", "writes\nlooks");
    let line = "case $0 in writes) echo own > /etc/own && cat /etc/own ;; looks) test ! -e /etc/own ;; esac";
    let options = ["--request", "request.toml", "--retries", "0"];
    let run = scene.run_shell(&[&options[..], &["--isolated"]].concat(), line);
    assert_eq!(run.code, Some(0), "{run:?}");
    let run = scene.run_shell(&options, line);
    assert_eq!(run.code, Some(1), "without isolation the second sees it: {run:?}");
    assert_eq!(scene.verdicts(), verdicts([("writes", "passed"), ("looks", "failed")]), "{run:?}");
}

/// R21. Where it turns out in the container that a case can't be isolated, it fails with the reason.
#[test]
fn cases_that_can_t_be_isolated_fail_with_the_reason() {
    let scene = Scene::new("not-isolated");
    // It has the capability, but not for this user: that is known inside only.
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncap_add = [\"SYS_ADMIN\"]\nuser = \"1000\"\n"));
    scene.file("cases", "a\nb");
    let run = scene.run_shell(&["--request", "request.toml", "--retries", "0", "--isolated"], "true");
    assert_eq!(run.code, Some(1), "{run:?}");
    for case in scene.cases().values() {
        let attempts = case["attempts"].as_array().expect("attempts");
        assert_eq!((attempts.len(), &attempts[0]["status"]), (1, &"error".into()), "{case}");
        assert!(attempts[0]["note"].as_str().is_some_and(|note| note.contains("may not do that")), "{case}");
    }
}
