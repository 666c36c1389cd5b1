//! Runs a credential helper, `docker-credential-NAME get`. Choosing the helper is up to `credentials.rs`.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::base::background;
use crate::config::Hidden;
use crate::image::credentials::Secret;
use crate::words::{Error, Kind, Result, quoted};

/// The time limit for a helper. It may query a keychain, but should not wait for a person.
const LIMIT: Duration = Duration::from_secs(10);

/// The maximum number of bytes read of a helper's error output.
const MAX_WORDS: u64 = 4096;

/// The output of a helper without an entry for the registry. Its exit status is the same as for any other failure.
const NOT_FOUND: &str = "credentials not found in native keychain";

/// Queries a helper for a registry's credentials.
///
/// # Errors
/// Not found, if the helper does not exist; timeout, if it takes longer than 10 s; image, if it fails or prints
/// something unexpected. The error has the helper's own message, but never its standard output, which may be credentials.
///
/// # Cancel safety
/// If the future is dropped, the helper runs on to its end, or is killed after 10 s.
pub(super) async fn ask(name: &str, registry: &str) -> Result<Option<Secret>> {
    // Without path separators, since a name with a path could run any program.
    let program = format!("docker-credential-{}", name.replace(['/', '\\'], "-"));
    let (subject, registry) = (format!("credential helper `{program}`"), registry.to_owned());
    let answer = background()
        .run(async move {
            tokio::task::spawn_blocking(move || run(Command::new(program).arg("get"), &registry, LIMIT)).await
        })
        .await;
    let answer =
        answer.map_err(|error| Error::new(Kind::Image, "the task that ran it panicked").with_source(error));
    answer.flatten().and_then(|output| read(&output)).map_err(|error| error.with_subject(subject))
}

/// The outcome of a helper's run, with its output.
struct Output {
    success: bool,
    stdout: Vec<u8>,
    stderr: String,
    status: String,
}

impl Output {
    /// Returns a description of its failure, with the helper's message on standard error, and the way to its standard
    /// output.
    ///
    /// Standard output is never quoted: whatever a helper prints there, in whichever form, may be credentials.
    fn described(&self, failure: &str) -> String {
        let mut text = with_words(failure, &self.stderr);
        let hidden = self.stdout.trim_ascii().len();
        if hidden > 0 {
            text.push_str(&format!(
                "; {hidden} bytes on its standard output are not shown, as they may be credentials"
            ));
        }
        text
    }
}

/// Runs a helper with `input` on its standard input. Blocks for at most `limit`.
fn run(command: &mut Command, input: &str, limit: Duration) -> Result<Output> {
    let deadline = Instant::now() + limit;
    // A file and not a pipe, since a child of the helper may keep a pipe open forever.
    let stderr = tempfile::tempfile().ok();
    let to_stderr =
        stderr.as_ref().and_then(|file| file.try_clone().ok()).map_or_else(Stdio::null, Stdio::from);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(to_stderr);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::new(Kind::NotFound, "it is not on the `PATH`"),
        _ => Error::new(Kind::Image, format!("it can't be executed: {error}")).with_source(error),
    })?;
    let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        unreachable!("both were asked for");
    };
    let result = finish(&mut child, (stdin, stdout), input.to_owned(), deadline);
    if result.is_err() {
        // Both calls are best effort: the helper may have ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
    let stderr = stderr.map(written).unwrap_or_default();
    match result {
        Ok(output) => Ok(Output { stderr, ..output }),
        Err(error) if error.is_timeout() => {
            Err(Error::new(Kind::Timeout, with_words("it did not answer", &stderr)).with_elapsed(limit))
        }
        Err(error) => Err(error),
    }
}

/// Returns the beginning of a helper's error output.
fn written(mut stderr: File) -> String {
    let mut bytes = Vec::new();
    // Best effort: the words only explain a failure.
    let _ = stderr.rewind().and_then(|()| stderr.take(MAX_WORDS).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Appends a helper's message to a description of its failure. Error output with the fields of an answer is left out.
fn with_words(failure: &str, words: &str) -> String {
    match words.trim() {
        "" => failure.to_owned(),
        words if words.contains("\"Secret\"") || words.contains("\"Username\"") => {
            format!("{failure}; its error output is not shown, as it may hold credentials")
        }
        words => format!("{failure}, and said {}", quoted(words)),
    }
}

fn finish(
    child: &mut Child,
    (mut stdin, mut stdout): (ChildStdin, ChildStdout),
    input: String,
    deadline: Instant,
) -> Result<Output> {
    let (sender, receiver) = mpsc::channel();
    // A child of the helper may keep the output open forever. In that case only this thread is left behind.
    thread::spawn(move || {
        // A failed write is not an error: a helper may close its input and answer without reading it.
        let _ = stdin.write_all(input.as_bytes());
        drop(stdin);
        let mut output = Vec::new();
        let read = stdout.read_to_end(&mut output).map(|_| output);
        let _ = sender.send(read);
    });
    let timeout = || Error::new(Kind::Timeout, "it did not answer in time");
    let left = deadline.saturating_duration_since(Instant::now());
    let output = receiver.recv_timeout(left).map_err(|_| timeout())?;
    let stdout =
        output.map_err(|error| Error::new(Kind::Image, "its output can't be read").with_source(error))?;
    // The standard library can't wait for a process with a deadline, so this polls. The output has ended, so the
    // process is about to exit.
    loop {
        match child.try_wait() {
            Ok(Some(status)) => {
                let stderr = String::new();
                return Ok(Output { success: status.success(), stdout, stderr, status: status.to_string() });
            }
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
            Ok(None) => return Err(timeout()),
            Err(error) => return Err(Error::new(Kind::Image, "it can't be waited for").with_source(error)),
        }
    }
}

fn read(output: &Output) -> Result<Option<Secret>> {
    if !output.success {
        return match String::from_utf8_lossy(&output.stdout).contains(NOT_FOUND) {
            true => Ok(None),
            false => {
                let failure = format!("it failed with {}", output.status);
                Err(Error::new(Kind::Image, output.described(&failure)))
            }
        };
    }
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let (Some(username), Some(secret)) = (answer["Username"].as_str(), answer["Secret"].as_str()) else {
        let failure = "its output is not JSON with `Username` and `Secret`";
        return Err(Error::new(Kind::Image, output.described(failure)));
    };
    Ok(match (username, Hidden::new(secret)) {
        (_, _) if secret.is_empty() => None,
        // The helper protocol uses this user name for a token.
        ("<token>", token) => Some(Secret::IdentityToken(token)),
        (username, password) => Some(Secret::Password { username: username.to_owned(), password }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str, limit: Duration) -> Result<Output> {
        run(Command::new("sh").args(["-c", script]), "registry.example", limit)
    }

    fn answer(script: &str) -> Result<Option<Secret>> {
        read(&shell(script, LIMIT)?)
    }

    #[test]
    fn a_helper_gets_the_registry_and_gives_credentials() {
        let found = answer(r#"read r || true; printf '{"ServerURL":"x","Username":"%s","Secret":"s"}' "$r""#);
        let expected = Secret::Password { username: "registry.example".into(), password: Hidden::new("s") };
        assert_eq!(found.expect("an answer"), Some(expected));
        let found = answer(r#"echo '{"Username":"<token>","Secret":"t"}'"#).expect("an answer");
        assert_eq!(found, Some(Secret::IdentityToken(Hidden::new("t"))));
    }

    #[test]
    fn a_helper_without_an_entry_is_not_a_failure() {
        assert_eq!(
            answer("echo 'credentials not found in native keychain'; exit 1").expect("an answer"),
            None
        );
        assert_eq!(answer(r#"echo '{"Username":"","Secret":""}'"#).expect("an answer"), None);
    }

    #[test]
    fn a_helper_that_fails_is_an_error_with_its_message() {
        for (script, expected) in [
            (
                "echo the keychain is locked >&2; exit 1",
                "it failed with exit status: 1, and said `the keychain is locked`",
            ),
            (
                "echo the keychain is locked; exit 2",
                "it failed with exit status: 2; 22 bytes on its standard output are not shown, as they may be credentials",
            ),
            ("printf 'no\\ndisplay\\n' >&2; exit 3", "it failed with exit status: 3, and said `no display`"),
            ("exit 4", "it failed with exit status: 4"),
            ("kill -9 $$", "it failed with signal: 9 (SIGKILL)"),
        ] {
            assert_eq!(answer(script).expect_err(script).to_string(), expected, "{script}");
        }
        // A child that keeps the error output open is not waited for.
        let error = answer("echo gone >&2; sleep 30 >&- & exit 1").expect_err("it failed").to_string();
        assert_eq!(error, "it failed with exit status: 1, and said `gone`");
    }

    #[test]
    fn the_error_of_a_helper_has_no_output_that_may_be_credentials() {
        for (script, reason) in [
            (r#"echo '{"Username":"u","Secret":"hunter2"}'; exit 3"#, "exit status: 3"),
            (r#"echo '{"ServerURL":"","Secret":"hunter2'; exit 3"#, "exit status: 3"),
            ("echo hunter2; exit 3", "exit status: 3; 7 bytes"),
            ("echo user:hunter2; echo locked >&2; exit 3", "and said `locked`; 12 bytes"),
            ("printf 'password=hunter2\\nusername=u\\n'; exit 3", "exit status: 3; 27 bytes"),
            ("echo hunter2; kill -9 $$", "signal: 9"),
            (r#"echo '{"Username":"u","Secret":"hunter2"}' >&2; exit 3"#, "error output is not shown"),
            ("echo hunter2", "JSON"),
            (r#"echo '{"Username":"hunter2"}'"#, "JSON"),
        ] {
            let error = answer(script).expect_err(script);
            let text = format!("{error:?}");
            assert!(error.is_image() && text.contains(reason) && !text.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn a_helper_that_hangs_is_ended_in_time() {
        for script in ["echo locked >&2; exec sleep 60", "echo locked >&2; exec >&-; exec sleep 60"] {
            let began = Instant::now();
            let error = shell(script, Duration::from_millis(300)).err().expect(script);
            assert!(error.is_timeout() && began.elapsed() < Duration::from_secs(10), "{error}");
        }
    }

    #[tokio::test]
    async fn a_helper_that_is_not_there_is_named() {
        let error = ask("../../no/such", "a").await.expect_err("not there");
        assert!(error.is_not_found());
        let expected = "credential helper `docker-credential-..-..-no-such`: it is not on the `PATH`";
        assert_eq!(error.to_string(), expected);
    }
}
