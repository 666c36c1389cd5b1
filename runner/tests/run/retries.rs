//! The limit of retries, and cases that skip themselves.

use crate::{Scene, outcome, verdicts};

/// R5. When more cases fail than may be retried, none is.
#[test]
fn too_many_failures_are_not_retried() {
    let scene = Scene::new("max-retries");
    let names: Vec<_> = (0..40).map(|number| number.to_string()).collect();
    scene.file("cases", names.join("\n"));
    let run = scene.run_shell(&["--pool", "2", "--max-retries", "5"], "exit 1");
    assert_eq!(run.code, Some(1), "{run:?}");
    let attempts = |case: &serde_json::Value| case["attempts"].as_array().map_or(0, Vec::len);
    let cases = scene.cases();
    assert_eq!(cases.len(), 40);
    for case in cases.values() {
        assert_eq!((&case["verdict"], attempts(case)), (&"failed".into(), 1), "{case}");
    }
    assert!(run.stdout.contains("more than 5 cases failed, so none was retried"), "{}", run.stdout);

    scene.file("cases", "a\nb\nc");
    let run = scene.run_shell(&["--max-retries", "2"], "test $0 = c");
    assert_eq!(run.code, Some(1), "{run:?}");
    let retried: Vec<_> = scene.cases().values().map(attempts).collect();
    assert_eq!(retried, [2, 2, 1], "as many as may be: {run:?}");
}

/// R6. A case that ends with a skip code is skipped, for the reason that it printed last.
#[test]
fn a_case_that_skips_itself_is_told_with_its_reason() {
    let scene = Scene::new("skips");
    scene.file("cases", "passes\nskips\nskips too\nsays nothing\nfails");
    let line = "case $0 in skips) echo looking; echo 'needs <a network>  '; exit 77 ;; \
                'skips too') echo 'no display' >&2; exit 4 ;; *nothing) exit 77 ;; fails) exit 78 ;; esac";
    for exec in ["agent", "engine"] {
        let codes = ["--skip-code", "77", "--skip-code", "4", "--exec", exec];
        let options = [&codes[..], &["--junit", "junit.xml", "--verbose", "--retries", "1"]].concat();
        let run = scene.run_shell(&options, line);
        assert_eq!(run.code, Some(1), "{run:?}");
        let expected = verdicts([
            ("passes", "passed"),
            ("skips", "skipped"),
            ("skips too", "skipped"),
            ("says nothing", "skipped"),
            ("fails", "failed"),
        ]);
        assert_eq!(scene.verdicts(), expected, "{run:?}");
        let cases = scene.cases();
        assert_eq!(cases["skips"]["reason"], "needs <a network>", "{run:?}");
        assert_eq!(cases["skips too"]["reason"], "no display", "{run:?}");
        assert!(cases["says nothing"].get("reason").is_none(), "{run:?}");
        let attempt = &cases["skips"]["attempts"][0];
        assert_eq!((&attempt["status"], &attempt["exit_code"]), (&"skipped".into(), &77.into()));
        assert_eq!(cases["skips"]["attempts"].as_array().map(Vec::len), Some(1), "it is not retried");
        assert!(run.stdout.contains("skipped: skips (needs <a network>)"), "{}", run.stdout);
        assert!(run.stdout.contains("       3 skipped\n"), "{}", run.stdout);
        let junit = scene.text("junit.xml");
        assert!(junit.contains(r#"<skipped message="skipped: needs &lt;a network&gt;"/>"#), "{junit}");
        assert!(junit.contains(r#"skipped="3""#), "{junit}");
    }
    let run = outcome(&mut scene.run(&["--retries", "0"], &["sh", "-c", line, "{case}"]));
    assert_eq!(
        (run.code, &scene.verdicts()["skips"]),
        (Some(1), &"failed".to_owned()),
        "without a code: {run:?}"
    );
}
