//! Real programs that talk to people: a shell, a database's client, an editor.

use std::time::Instant;

use seatrial::{ContainerRequest, WaitFor};
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::OwnSession;

use super::waiting;

/// C30: a shell in a terminal prompts, answers, is interrupted by a key, is resized, and ends.
#[tokio::test]
async fn a_shell_in_a_terminal() {
    let session = OwnSession::begin("process-shell").await;
    let container = waiting(&session).await;
    let mut shell =
        container.spawn(["sh", "-i"]).env("PS1", "ready> ").tty(100, 30).await.expect("it starts");
    shell.read_until("ready> ", LONG).await.expect("it prompts");
    shell.write("stty size\n").await.expect("it reads");
    shell.read_until("\n30 100\r\n", LONG).await.expect("the size is as it was asked for");
    shell.resize(120, 40).await.expect("it has a terminal");
    shell.write("stty size; X=6; echo $((X * 7))\n").await.expect("it reads");
    shell.read_until("\n40 120\r\n42\r\n", LONG).await.expect("the new size");
    shell.read_until("ready> ", LONG).await.expect("it prompts");
    shell.write("sleep 1001; echo code $?\n").await.expect("it reads");
    while seatrial_test_support::processes::sleepers(&container).await.is_empty() {}
    shell.write("\u{3}").await.expect("it reads");
    shell.read_until("ready> ", LONG).await.expect("Ctrl-C interrupts, and it prompts");
    shell.write("exit 7\n").await.expect("it reads");
    assert_eq!(shell.wait_timeout(LONG).await.expect("it ends"), 7);
}

/// C30: an interactive program is driven through a terminal and through pipes.
#[tokio::test]
async fn psql_in_a_terminal_and_in_a_pipe() {
    let session = OwnSession::begin("process-psql").await;
    let request = ContainerRequest::new("seatrial/postgres:dev")
        .env("POSTGRES_PASSWORD", "anchor")
        .cmd(["postgres", "-c", "fsync=off"])
        .wait_for(WaitFor::exec(["pg_isready", "--host=127.0.0.1", "--username=postgres"]))
        .session(&session);
    let container = request.start().await.expect("it starts");
    let psql = || {
        let psql = ["psql", "--host=127.0.0.1", "--username=postgres", "--pset=pager=off", "--no-psqlrc"];
        container.spawn(psql).env("PGPASSWORD", "anchor")
    };
    let mut typed = psql().tty(100, 30).env("TERM", "xterm").await.expect("it starts");
    typed.read_until("postgres=# ", LONG).await.expect("it prompts");
    typed.write("CREATE TABLE ship (name text);\n").await.expect("it reads");
    typed.read_until("CREATE TABLE\r\n", LONG).await.expect("it answers");
    typed.write("INSERT INTO ship VALUES ('Vasa'), ('Mary Rose');\n").await.expect("it reads");
    typed.read_until("INSERT 0 2\r\n", LONG).await.expect("it answers");
    typed.write("SELECT count(*) AS ships\n").await.expect("it reads");
    typed.read_until("postgres-# ", LONG).await.expect("it prompts for more");
    typed.write("FROM ship;\n").await.expect("it reads");
    let table = typed.read_until("(1 row)", LONG).await.expect("it answers");
    assert!(String::from_utf8_lossy(&table).contains("     2\r\n"), "{}", String::from_utf8_lossy(&table));
    typed.write("\\q\n").await.expect("it reads");
    assert_eq!(typed.wait_timeout(LONG).await.expect("it ends"), 0);

    let mut piped = psql().await.expect("it starts");
    piped
        .write("SELECT name FROM ship ORDER BY name LIMIT 1;\nSELECT nothing FROM nowhere;\n")
        .await
        .expect("it reads");
    let output = piped.wait_with_output().await.expect("it ends");
    assert!(output.stdout_text().contains(" Mary Rose\n(1 row)"), "{}", output.stdout_text());
    assert!(output.stderr_text().contains("relation \"nowhere\" does not exist"), "{}", output.stderr_text());
}

/// C30: a full-screen program draws the screen, and draws it again at another size.
#[tokio::test]
async fn an_editor_on_the_whole_screen() {
    let session = OwnSession::begin("process-vi").await;
    let container = waiting(&session).await;
    // Some engines give the terminal its size a moment after the start.
    let line = "until [ \"$(stty size)\" = '12 60' ]; do sleep 0.01; done; exec vi /tmp/letter";
    let vi = container.spawn(["sh", "-c", line]).env("TERM", "xterm").tty(60, 12);
    let mut vi = vi.await.expect("it starts");
    // It clears, and fills 10 lines below the first with tildes before the status line.
    let screen = vi.read_until("/tmp/letter", LONG).await.expect("it draws");
    let tildes = |screen: &[u8]| screen.iter().filter(|byte| **byte == b'~').count();
    assert!(screen.contains(&0x1b), "{:?}", String::from_utf8_lossy(&screen));
    assert_eq!(tildes(&screen), 10, "{:?}", String::from_utf8_lossy(&screen));
    vi.write("iDear all,\rthe ship sails.\u{1b}").await.expect("it reads");
    vi.read_until("sails.", LONG).await.expect("it draws what is typed");
    vi.resize(60, 20).await.expect("it has a terminal");
    // It may hear of the size a moment later: its status line tells which one it knows.
    let began = Instant::now();
    let redrawn = loop {
        vi.write("\u{c}").await.expect("it reads");
        let drawn = vi.read_until("/tmp/letter", LONG).await.expect("it draws again");
        if String::from_utf8_lossy(&drawn).contains("\u{1b}[20;1H") || began.elapsed() > LONG {
            break drawn;
        }
    };
    assert!(tildes(&redrawn) >= 17, "{:?}", String::from_utf8_lossy(&redrawn));
    vi.write(":wq\r").await.expect("it reads");
    assert_eq!(vi.wait_timeout(LONG).await.expect("it ends"), 0);
    let letter = container.exec(["cat", "/tmp/letter"]).await.expect("it runs");
    assert_eq!(letter.stdout_text(), "Dear all,\nthe ship sails.\n");
}
