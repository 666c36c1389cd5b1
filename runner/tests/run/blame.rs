//! Cases that spoil their container, or signal every process in it: they fail, and no other case does.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{BASIC, Scene};

fn attempts(case: &Value) -> &Vec<Value> {
    case["attempts"].as_array().expect("attempts")
}

/// R5, D3. A case that spoils its container fails alone: each retry is in a container in which no case has run.
#[test]
fn a_case_that_spoils_its_container_fails_no_other() {
    let scene = Scene::new("spoilt");
    let spoilers = ["no program", "no folder", "no file"];
    let good: Vec<_> = (0..4).map(|number| format!("good {number}")).collect();
    let names: Vec<_> = spoilers.iter().copied().chain(good.iter().map(String::as_str)).collect();
    scene.file("cases", names.join("\n"));
    let line = "case $0 in 'no program') rm /bin/cat ;; 'no folder') rm -r /tmp && touch /tmp ;; \
                'no file') mv /etc/passwd /etc/gone ;; esac; \
                /bin/cat /etc/passwd && mktemp -d";
    let run = scene.run_shell(&["--pool", "2", "--verbose"], line);
    assert_eq!(run.code, Some(1), "{run:?}");
    let cases = scene.cases();
    for name in spoilers {
        assert_eq!(cases[name]["verdict"], "failed", "{name}: {run:?}");
    }
    for name in &good {
        let verdict = &cases[name]["verdict"];
        assert!(verdict == "passed" || verdict == "flaky", "{name}: {run:?}");
    }
    let retries: Vec<_> = cases
        .values()
        .flat_map(|case| &attempts(case)[1..])
        .map(|retry| retry["member"].to_string())
        .collect();
    assert!(retries.len() >= spoilers.len(), "{run:?}");
    let members: BTreeSet<_> = retries.iter().collect();
    assert_eq!(members.len(), retries.len(), "each retry has a container of its own: {retries:?}");
    let at_first = |case: &Value| attempts(case)[0]["member"].to_string();
    let used: BTreeSet<_> = cases.values().map(at_first).collect();
    assert!(retries.iter().all(|member| !used.contains(member)), "{used:?} {retries:?}");
}

/// R15, D3. A case that kills every process gets its own verdict after one attempt, as root or not, and with
/// any command that keeps the container running; the run goes on, and other cases keep their verdicts.
#[test]
fn a_case_that_kills_every_process_fails_and_no_other_does() {
    let own_command = format!("image = \"{BASIC}\"\ncmd = [\"sleep\", \"infinity\"]\n");
    for (topic, options, request) in [
        ("kill-main", &[][..], None),
        ("kill-user", &["--user", "7"], None),
        ("kill-exec", &[], Some(own_command.as_str())),
    ] {
        let scene = Scene::new(topic);
        let names: Vec<_> = (0..30)
            .map(|number| format!("{} {number}", if number % 6 == 0 { "deadly" } else { "good" }))
            .collect();
        scene.file("cases", names.join("\n"));
        let request = request.map(|text| {
            scene.file("request.toml", text);
            ["--request", "request.toml"]
        });
        let options =
            [options, request.as_ref().map_or(&[][..], |two| &two[..]), &["--retries", "0"]].concat();
        let run = scene.run_shell(&options, "case $0 in deadly*) kill -9 -1; sleep 1; exit 4 ;; esac");
        assert_eq!(run.code, Some(1), "{topic}: {run:?}");
        for (name, case) in scene.cases() {
            let expected = if name.starts_with("deadly") { "failed" } else { "passed" };
            assert_eq!(case["verdict"], expected, "{topic}: {case}");
            assert_eq!(attempts(&case).len(), 1, "{topic}: {case}");
            if expected == "failed" {
                let note = attempts(&case)[0]["note"].as_str().unwrap_or_default();
                assert!(note.contains("must signal its own processes only"), "{topic}: {case}");
            }
        }
    }
}

/// R15, D3. A case that sends every process another signal is judged by its own end.
#[test]
fn a_case_that_signals_every_process_is_judged_by_its_own_end() {
    for (topic, options, signals) in [
        ("signal-main", &[][..], &["TERM", "HUP", "INT", "QUIT", "USR1", "ALRM", "PIPE", "STOP"][..]),
        ("signal-user", &["--user", "7"], &["TERM", "HUP", "INT", "QUIT", "USR1"]),
    ] {
        let scene = Scene::new(topic);
        scene.file("cases", signals.join("\n"));
        let options = [options, &["--retries", "0", "--timeout", "20s"]].concat();
        let run = scene.run_shell(&options, "kill -$0 -1; echo still here; exit 4");
        assert_eq!(run.code, Some(1), "{topic}: {run:?}");
        for (name, case) in scene.cases() {
            let attempt = &attempts(&case)[0];
            assert_eq!(attempt["exit_code"], 4, "{topic} {name}: {case}");
            assert_eq!(case["stdout"], "still here\n", "{topic} {name}: {case}");
        }
    }
}

/// R15. A case can't end a container that exists for its cases by a signal to its first process.
#[test]
fn a_signal_of_a_case_to_the_first_process_does_not_end_the_container() {
    let scene = Scene::new("signal-first");
    let signals = ["TERM", "HUP", "INT", "QUIT", "KILL"];
    scene.file("cases", signals.join("\n"));
    let run = scene.run_shell(&["--retries", "0"], "kill -$0 1; echo still here; exit 4");
    assert_eq!(run.code, Some(1), "{run:?}");
    for (name, case) in scene.cases() {
        assert_eq!(attempts(&case)[0]["exit_code"], 4, "{name}: {case}");
    }
}
