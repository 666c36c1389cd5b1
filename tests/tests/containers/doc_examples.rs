//! The examples of the documentation that assert something: each is run here, or by the test that is named for it.
//!
//! Examples can't run where documentation is tested, since they need an engine and images. So their lines are repeated
//! here, with this repository's images, and a walk over the documentation fails for a line that is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use seatrial::command::CaseEnd;
use seatrial::driver::{Drivers, Status, Task};
use seatrial::{Case, ContainerRequest, CopyIn, Network, Result, TestContainer, WaitFor};
use seatrial_test_support::own_session::OwnSession;

/// The images of the examples, and those that stand for them here.
const IMAGES: [(&str, &str); 4] = [
    ("redis:7", "seatrial/redis:dev"),
    ("nginx:1.27", "seatrial/nginx:dev"),
    ("busybox:1.37", "seatrial/basic:dev"),
    ("python:3.11", "seatrial/cpython:dev"),
];

/// The assertions that can't be run here: the file with the example, a part of the assertion, the file that runs the
/// like, and its text.
const ELSEWHERE: [(&str, &str, &str, &str); 2] = [
    // It needs a client of Redis, which is a dependency of the library's examples alone.
    ("README.md", "assert_eq!(answer, \"PONG\")", "harness/examples/demo.rs", "PONG"),
    // It needs an engine with checkpoints.
    (
        "docs/runtimes.md",
        ".checkpoints()",
        "tests/tests/containers/runtimes/checkpoints.rs",
        ".checkpoints()",
    ),
];

async fn container(session: &OwnSession) -> TestContainer {
    let request = ContainerRequest::new("seatrial/basic:dev").cmd(["sleep", "1000"]).session(session);
    request.start().await.expect("it starts")
}

#[tokio::test]
async fn the_example_of_the_handle_is_right() -> Result<()> {
    let redis = ContainerRequest::new("seatrial/redis:dev")
        .port(6379)
        .wait_for(WaitFor::log("Ready to accept connections"))
        .start()
        .await?;
    let url = format!("redis://{}/", redis.addr(6379)?); // redis://127.0.0.1:49153/
    assert!(url.starts_with("redis://"));
    let output = redis.exec(["redis-cli", "DBSIZE"]).await?;
    assert_eq!(output.stdout_text(), "0\n");
    println!("{redis}, {}", redis.state().await?); // container `my-test-k3v9x2ab`, Up 2 seconds
    redis.remove().await
}

#[tokio::test]
async fn the_examples_of_commands_are_right() -> Result<()> {
    let session = OwnSession::begin("doc-commands").await;
    let container = container(&session).await;
    let output = container.exec(["ls", "-l"]).working_dir("/etc").await?;
    assert_eq!(output.exit_code, 0, "{}", output.stderr_text());

    let sorted = container.exec(["sort"]).stdin("b\na\n").timeout(Duration::from_secs(5)).await?;
    assert_eq!(sorted.stdout_text(), "a\nb\n");

    let mut shell = container.spawn(["sh"]).tty(80, 24).await?;
    shell.write("echo $((6 * 7))\n").await?;
    shell.read_until("42\r\n", Duration::from_secs(5)).await?;
    shell.resize(120, 40).await?;
    shell.write("exit 3\n").await?;
    assert_eq!(shell.wait().await?, 3);
    Ok(())
}

#[tokio::test]
async fn the_examples_of_cases_are_right() -> Result<()> {
    let session = OwnSession::begin("doc-cases").await;
    let container = container(&session).await;
    let cases = container.cases().await?; // starts the agent; cheap to clone
    let case = Case::new(["sh", "-c", "echo $0; sleep 100 & exit 3"]).timeout(Duration::from_secs(5));
    let output = cases.run(case).await?;
    assert_eq!(output.end, CaseEnd::Exited(3));
    assert_eq!(output.stdout_text(), "sh\n");
    assert_eq!(output.left_behind, Some(1)); // was ended: nothing of the case runs any more

    let cases = container.cases().await?;
    let output =
        cases.run(Case::new(["sh", "-c", "echo $0; exit 3"]).timeout(Duration::from_secs(5))).await?;
    assert_eq!(output.end, CaseEnd::Exited(3));
    assert_eq!(output.stdout_text(), "sh\n");

    let container = ContainerRequest::new("seatrial/cpython:dev").for_cases().start().await?;
    let output = container.cases().await?.run(Case::new(["python3.11", "-c", "print(6 * 7)"])).await?;
    assert_eq!(output.stdout_text(), "42\n");
    Ok(())
}

#[tokio::test]
async fn the_examples_of_drivers_are_right() -> Result<()> {
    let driver = Drivers::new().get("docker")?;
    let task = Task::new("sum", "seatrial/basic:dev").command(["sh", "-c", "exit $((1 + 2))"]);
    let prepared = driver.prepare(task).await?;
    let result = prepared.run().await?.await?;
    assert_eq!((result.status, result.exit_code), (Status::Error, Some(3)));
    prepared.close().await?;

    let name = "docker";
    let driver = Drivers::new().get(name)?; // docker, pool, mock, or your own
    let task = Task::new("sort", "seatrial/basic:dev")
        .command(["sort"])
        .stdin("b\na\n")
        .timeout(Duration::from_secs(5))
        .stdout(Box::new(Vec::new()));
    let prepared = driver.prepare(task).await?; // may be tried again: the task has not failed
    let result = prepared.run().await?.await?;
    assert_eq!(result.status, Status::Success);
    prepared.close().await
}

#[tokio::test]
async fn the_examples_of_networks_are_right() -> Result<()> {
    let network = Network::create().await?;
    let cache =
        ContainerRequest::new("seatrial/redis:dev").network_with_aliases(&network, ["cache"]).start().await?;
    let ping = ContainerRequest::new("seatrial/redis:dev")
        .cmd(["redis-cli", "-h", "cache", "PING"])
        .network(&network);
    assert_eq!(ping.run().await?.stdout_text(), "PONG\n");
    cache.remove().await
}

#[tokio::test]
async fn the_second_example_of_the_readme_is_right() -> Result<()> {
    let pages = tempfile::tempdir().expect("a folder");
    fs::write(pages.path().join("index.html"), "<html></html>").expect("written");
    // A network for this test, on which containers reach each other by alias.
    let network = Network::create().await?;
    let web = ContainerRequest::new("seatrial/nginx:dev")
        .copy_in(CopyIn::dir(pages.path(), "/usr/share/nginx/html"))
        .network_with_aliases(&network, ["web"])
        .port(80)
        .wait_for(WaitFor::http("/"))
        .start()
        .await?;
    println!("http://{}/", web.addr(80)?);

    let check = web.exec(["nginx", "-t"]).await?;
    assert_eq!(check.exit_code, 0, "{}", check.stderr_text());

    let count = web.exec(["wc", "-l"]).stdin("a\nb\n").timeout(Duration::from_secs(5)).await?;
    assert_eq!(count.stdout_text(), "2\n");

    let mut shell = web.spawn(["sh"]).tty(80, 24).await?;
    shell.write("echo $((6 * 7)); exit\n").await?;
    shell.read_until("42\r\n", Duration::from_secs(5)).await?;

    let wget =
        ContainerRequest::new("seatrial/basic:dev").cmd(["wget", "-qO-", "http://web/"]).network(&network);
    assert!(wget.run().await?.stdout_text().contains("<html"));

    println!("{}", web.logs().tail(20).read().await?.stdout_text());
    web.remove().await
}

/// A new example with an assertion has to be run here, or by a test that is named for it.
#[test]
fn each_example_that_asserts_something_is_run_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace");
    let here = squeezed(include_str!("doc_examples.rs"));
    let mut files = vec![root.join("README.md")];
    for folder in ["docs", "harness/src"] {
        collect(&root.join(folder), &mut files);
    }
    let (mut missing, mut seen) = (Vec::new(), 0);
    for file in files {
        let name = file.strip_prefix(root).expect("below").display().to_string();
        for example in asserting(&fs::read_to_string(&file).expect("readable"), name.ends_with(".rs")) {
            seen += 1;
            if let Some((.., runner, text)) =
                ELSEWHERE.iter().find(|(file, part, ..)| *file == name && example.contains(part))
            {
                let content = fs::read_to_string(root.join(runner)).unwrap_or_default();
                assert!(content.contains(text), "`{runner}` does not run the example of `{name}` any more");
                continue;
            }
            for line in example.lines().map(str::trim).filter(|line| line.starts_with("assert")) {
                // A line of its own, up to its end.
                let statement = line.rsplit_once(';').map_or(line, |(statement, _)| statement);
                if !here.contains(&squeezed(statement)) {
                    missing.push(format!("{name}: {line}"));
                }
            }
            for (given, ours) in commands_of(&example) {
                if !here.contains(&ours) {
                    missing.push(format!("{name}: {given}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "run these lines in this file: {missing:#?}");
    assert!(seen >= 12, "only {seen} examples were found");
}

/// Returns the statements of an example that run something, as they are and as they have to be here.
fn commands_of(example: &str) -> Vec<(String, String)> {
    let lines = example.lines().map(str::trim);
    let commands = lines.filter(|line| {
        [".exec([", ".spawn([", ".cmd([", "Case::new([", ".command([", ".write(", ".read_until("]
            .iter()
            .any(|call| line.contains(call))
    });
    commands
        .map(|line| {
            let mut ours = line.split(" //").next().unwrap_or(line).trim_end_matches([' ', ';']).to_owned();
            for (image, stand_in) in IMAGES {
                ours = ours.replace(&format!("\"{image}\""), &format!("\"{stand_in}\""));
            }
            // The image's Python has no other name.
            let ours = ours.replace("\"python3\"", "\"python3.11\"");
            (line.to_owned(), squeezed(&ours))
        })
        .collect()
}

/// Returns a text without white space, so that the width of a line does not matter.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Collects the documents and sources of a folder.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "md") {
            files.push(path);
        }
    }
}

/// Returns the examples of a file that are compiled only, and assert something.
fn asserting(text: &str, is_source: bool) -> Vec<String> {
    let (mut examples, mut example) = (Vec::new(), None::<String>);
    for line in text.lines() {
        let line = match is_source {
            true => {
                let line = line.trim_start();
                let Some(line) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) else {
                    example = None;
                    continue;
                };
                line
            }
            false => line,
        };
        match (line.trim().strip_prefix("```"), &mut example) {
            (Some(_), Some(_)) => examples.extend(example.take().filter(|text| text.contains("assert"))),
            (Some(kind), None) if kind.contains("no_run") => example = Some(String::new()),
            (None, Some(text)) => {
                text.push_str(line);
                text.push('\n');
            }
            _ => {}
        }
    }
    examples
}

#[test]
fn an_example_that_asserts_something_is_found() {
    let text = "```rust,no_run\nassert!(a);\n```\n```no_run\nlet a = 1;\n```\n```\nassert!(b);\n```\n";
    assert_eq!(asserting(text, false), ["assert!(a);\n"]);
    assert_eq!(asserting("/// ```no_run\n/// assert!(a);\n/// ```\n", true), [" assert!(a);\n"]);
}
