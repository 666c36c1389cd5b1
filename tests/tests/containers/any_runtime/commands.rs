//! Commands: collected, held while they run, and cases.

use std::time::Duration;

use seatrial::Case;
use seatrial_test_support::own_session::OwnSession;

use super::{in_any_executor, step, tried};

const TIME: Duration = Duration::from_secs(30);

in_any_executor!(commands);
async fn commands() {
    let session = OwnSession::begin("any-commands").await;
    let container = session.shell("sleep 600").start().await.expect("it starts");
    let output = container.exec(["cat"]).stdin("in").timeout(TIME).await.expect("it runs");
    assert_eq!(output.stdout_text(), "in");
    let late = container.exec(["sleep", "600"]).timeout(Duration::from_millis(200)).await;
    assert!(late.expect_err("its time is up").is_timeout());
    let mut cat = container.spawn(["cat"]).await.expect("it starts");
    step!("container/command/process.rs write", cat.write("a\n"));
    step!("container/command/process.rs read_until", cat.read_until("a\n", TIME));
    step!("container/command/process.rs write_timeout", cat.write_timeout("b\n", TIME));
    step!("container/command/process.rs read", cat.read());
    let nothing = cat.read_timeout(Duration::from_millis(50));
    assert!(tried!("container/command/process.rs read_timeout", nothing).is_err());
    assert!(step!("container/command/process.rs is_running", cat.is_running()));
    step!("container/command/process.rs close_stdin", cat.close_stdin());
    assert_eq!(step!("container/command/process.rs wait_timeout", cat.wait_timeout(TIME)), 0);
    assert_eq!(step!("container/command/process.rs wait", cat.wait()), 0);
    let echo = container.spawn(["echo", "a"]).await.expect("it starts");
    step!("container/command/process.rs wait_with_output", echo.wait_with_output());
    let mut shell = container.spawn(["cat"]).tty(80, 24).await.expect("it starts");
    step!("container/command/process.rs resize", shell.resize(100, 50));
    step!("container/command/process.rs kill", shell.kill());
}

in_any_executor!(cases);
async fn cases() {
    let session = OwnSession::begin("any-cases").await;
    let container = session.shell("sleep 600").start().await.expect("it starts");
    let cases = step!("container/command/case/cases.rs cases", container.cases());
    let run = cases.run(Case::new(["echo", "a"]).timeout(TIME));
    assert_eq!(step!("container/command/case/cases.rs run", run).stdout, b"a\n");
    container.cases_by_exec().run(Case::new(["true"]).timeout(TIME)).await.expect("it runs");
}
