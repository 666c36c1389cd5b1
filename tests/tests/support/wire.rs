//! A client that writes bytes on a socket and looks at the bytes that come back.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// The longest time for an answer.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// The time without a byte that counts as silence. Only a wait can show that nothing comes.
const SILENCE: Duration = Duration::from_millis(300);

/// One connection.
pub(crate) struct Wire(UnixStream);

impl Wire {
    pub(crate) fn open(socket: &Path) -> Self {
        let stream = UnixStream::connect(socket).expect("the socket accepts");
        stream.set_read_timeout(Some(ANSWERED_WITHIN)).expect("a time limit can be set");
        Self(stream)
    }

    /// Opens a connection and writes a request without a body.
    pub(crate) fn request(socket: &Path, line: &str, headers: &str) -> Self {
        let mut wire = Self::open(socket);
        wire.send(format!("{line} HTTP/1.1\r\nHost: engine\r\n{headers}\r\n").as_bytes());
        wire
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the other side reads");
    }

    /// Ends our direction.
    pub(crate) fn finish(&self) {
        self.0.shutdown(Shutdown::Write).expect("the connection is open");
    }

    /// Reads until this text has come; returns all that came.
    pub(crate) fn read_until(&mut self, text: &str) -> String {
        let mut all = Vec::new();
        while !String::from_utf8_lossy(&all).contains(text) {
            let mut piece = [0; 64 * 1024];
            match self.0.read(&mut piece) {
                Ok(length @ 1..) => all.extend_from_slice(&piece[..length]),
                other => panic!("`{text}` did not come ({other:?}), but {:?}", String::from_utf8_lossy(&all)),
            }
        }
        String::from_utf8_lossy(&all).into_owned()
    }

    /// Reads until the other side closes; a reset counts as a close.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        match self.0.read_to_end(&mut all) {
            Ok(_) => all,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => all,
            Err(error) => panic!("the connection did not end: {error}"),
        }
    }

    /// Returns `true` if nothing comes, not even a close.
    pub(crate) fn is_silent(&mut self) -> bool {
        self.0.set_read_timeout(Some(SILENCE)).expect("a time limit can be set");
        let read = self.0.read(&mut [0]);
        self.0.set_read_timeout(Some(ANSWERED_WITHIN)).expect("a time limit can be set");
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }
}

/// Returns the body of an answer that was read as a whole.
pub(crate) fn body(answer: &[u8]) -> &[u8] {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a whole head");
    &answer[end + 4..]
}
