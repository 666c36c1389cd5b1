//! One connection: reads lines until the end of the stream, acknowledges each filter that is stored, and sends the
//! replies of the extension.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::Arc;

use seatrial_core::reaper::lease::{MARK, Reply, Request};
use seatrial_core::reaper::{ACK, AUTH, Filter, LineDecoder, NACK, same_token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::hub::{FilterLog, Hub};
use crate::lifecycle::{Answer, ConnectionId, Event};
use crate::log::{self, Level};
use crate::settings::Settings;

/// The size of the buffer for reading. It is small, since there may be thousands of connections, and most lines are
/// shorter.
const CHUNK: usize = 2_048;
/// The most lines of one connection that are refused before the connection is closed.
const MAX_REFUSED: usize = 100;

/// A connection of a client, or of anything else that connects to the port.
pub(crate) struct Connection {
    id: ConnectionId,
    peer: SocketAddr,
    hub: Arc<Hub>,
    settings: Arc<Settings>,
    /// `true` once the connection has shown the token; from the start if no token is set.
    is_trusted: bool,
    /// `true` once the log names the connection. One that sends nothing is not logged, so a port scan is not.
    is_logged: bool,
    refused_lines: usize,
    /// `true` once the connection has sent a filter.
    is_client: bool,
    /// Notified when there are replies of the extension to send. Set by its first line.
    replies: Option<Arc<Notify>>,
    /// The bytes of the unfinished line.
    unfinished: usize,
}

/// The reason why the reaper closes a connection.
struct Closed(String);

impl Connection {
    pub(crate) fn new(id: ConnectionId, peer: SocketAddr, hub: Arc<Hub>, settings: Arc<Settings>) -> Self {
        let is_trusted = settings.token.is_none();
        Self {
            id,
            peer,
            hub,
            settings,
            is_trusted,
            is_logged: false,
            refused_lines: 0,
            is_client: false,
            replies: None,
            unfinished: 0,
        }
    }

    /// Serves the connection until it ends, or until `eviction` is notified while it has sent no filter.
    pub(crate) async fn serve(mut self, mut stream: TcpStream, eviction: Arc<Notify>) {
        if self.is_trusted && self.hub.apply(Event::Connected(self.id)) == Answer::Refused {
            return;
        }
        let result = tokio::select! {
            result = self.read(&mut stream) => result,
            () = eviction.notified() => Err(Closed("others need its place, and it has sent no filter".into())),
        };
        if let Err(Closed(reason)) = result {
            self.log(Level::Warn, "connection closed", &[("reason", &reason)]);
        }
        if self.is_logged {
            // A contract. It is logged before the event, so that the log has the consequences after it.
            self.log(Level::Info, "client disconnected", &[]);
        }
    }

    async fn read(&mut self, stream: &mut TcpStream) -> Result<(), Closed> {
        if self.settings.token.is_some() {
            // A reply of the extension must not wait until the client has acknowledged the last one.
            let _ = stream.set_nodelay(true);
        }
        let mut decoder = LineDecoder::default();
        let mut chunk = [0; CHUNK];
        loop {
            let read = tokio::select! {
                // Some clients leave with a reset.
                read = stream.read(&mut chunk) => read.unwrap_or(0),
                () = notified(&self.replies) => {
                    self.send_replies(stream).await?;
                    continue;
                }
            };
            let mut answers = Vec::new();
            let mut result = Ok(());
            let mut line = |line: &[u8]| {
                if result.is_ok() {
                    result = self.line(line, &mut answers);
                }
            };
            let decoded = match read {
                0 => std::mem::take(&mut decoder).finish(&mut line),
                read => decoder.feed(&chunk[..read], &mut line),
            };
            // A client that does not read its answers has left.
            let _ = stream.write_all(&answers).await;
            self.send_replies(stream).await?;
            result?;
            decoded.map_err(|_| Closed("a line is too long".into()))?;
            if read == 0 {
                return Ok(());
            }
            let before = std::mem::replace(&mut self.unfinished, decoder.held());
            if !self.hub.account_unfinished(before, self.unfinished) {
                return Err(Closed("unfinished lines use too much memory".into()));
            }
        }
    }

    /// Handles a line, and appends its answer.
    fn line(&mut self, line: &[u8], answers: &mut Vec<u8>) -> Result<(), Closed> {
        if !self.is_logged {
            self.is_logged = true;
            self.log(Level::Info, "client connected", &[]); // A contract.
        }
        if !self.is_trusted {
            return self.authenticate(line);
        }
        if line.is_empty() {
            return Ok(());
        }
        if line[0] == MARK && self.settings.token.is_some() {
            return self.extension(line);
        }
        let filter = match self.filter(line) {
            Ok(filter) => filter,
            Err(reason) => {
                self.log(Level::Warn, "filter refused", &[("reason", &reason)]);
                answers.extend_from_slice(NACK);
                return self.count_refused();
            }
        };
        self.store(filter)?;
        answers.extend_from_slice(ACK);
        Ok(())
    }

    /// Counts a line that was refused.
    fn count_refused(&mut self) -> Result<(), Closed> {
        self.refused_lines += 1;
        let is_too_much = self.refused_lines >= MAX_REFUSED;
        if is_too_much { Err(Closed("too many lines were refused".into())) } else { Ok(()) }
    }

    /// Handles a line of the extension. Its replies go into the connection's mailbox.
    fn extension(&mut self, line: &[u8]) -> Result<(), Closed> {
        if self.replies.is_none() {
            self.replies = Some(self.hub.desk.open(self.id));
        }
        let request = if self.is_client {
            Request::parse(line).map_err(|error| error.to_string())
        } else {
            Err("a filter must come before the extension's first line".into())
        };
        match request {
            Ok(request) => {
                self.hub.desk.apply(self.id, request);
                Ok(())
            }
            Err(reason) => {
                self.log(Level::Warn, "line refused", &[("reason", &reason)]);
                self.hub.desk.reply(self.id, Reply::Error { reason });
                self.count_refused()
            }
        }
    }

    /// Sends the replies of the extension. A client that does not read them is closed once they are too many.
    async fn send_replies(&mut self, stream: &mut TcpStream) -> Result<(), Closed> {
        if self.replies.is_none() {
            return Ok(());
        }
        let overflowed = |_| Closed("it does not read its replies".into());
        loop {
            let lines = self.hub.desk.unsent(self.id).map_err(overflowed)?;
            if lines.is_empty() {
                return Ok(());
            }
            let mut writing = std::pin::pin!(stream.write_all(lines.as_bytes()));
            loop {
                tokio::select! {
                    biased;
                    // A client that does not read its answers has left, which the next read tells.
                    _ = &mut writing => break,
                    () = notified(&self.replies) => {
                        self.hub.desk.check(self.id).map_err(overflowed)?;
                    }
                }
            }
        }
    }

    /// Reads a line as a filter that this reaper accepts.
    fn filter(&self, line: &[u8]) -> Result<Filter, String> {
        let filter = Filter::parse(line).map_err(|error| error.to_string())?;
        match &self.settings.required_label {
            Some(label) if !filter.holds(label) => Err(format!("the required label `{label}` is missing")),
            Some(_) | None => Ok(filter),
        }
    }

    fn store(&mut self, filter: Filter) -> Result<(), Closed> {
        let text = filter.to_string();
        match self.hub.apply(Event::Filter(self.id, filter)) {
            Answer::Refused => {
                return Err(Closed("the prune has begun, or there are too many filters".into()));
            }
            Answer::Stored => match self.hub.count_filter() {
                FilterLog::Line => log::write(Level::Info, "adding filter", &[("filter", &text)]), // A contract.
                FilterLog::LastLine => log::write(Level::Info, "further filters are not logged", &[]),
                FilterLog::Nothing => {}
            },
            Answer::Known | Answer::Taken | Answer::Unchanged => {}
        }
        self.hub.mark_client(self.id);
        self.is_client = true;
        Ok(())
    }

    fn authenticate(&mut self, line: &[u8]) -> Result<(), Closed> {
        let token = self.settings.token.as_deref().unwrap_or_default();
        let guess = line.strip_prefix(AUTH.as_bytes());
        if !guess.is_some_and(|guess| same_token(guess, token.as_bytes())) {
            return Err(Closed("its first line is not the token".into()));
        }
        self.is_trusted = true;
        match self.hub.apply(Event::Connected(self.id)) {
            Answer::Refused => Err(Closed("the prune has begun".into())),
            Answer::Taken | Answer::Unchanged | Answer::Stored | Answer::Known => Ok(()),
        }
    }

    fn log(&self, level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
        let address: (&str, &dyn Display) = ("address", &self.peer);
        let fields: Vec<_> = [address].into_iter().chain(fields.iter().copied()).collect();
        log::write(level, message, &fields);
    }
}

impl Drop for Connection {
    /// Gives up the connection's place, also if the task is aborted.
    fn drop(&mut self) {
        self.hub.account_unfinished(self.unfinished, 0);
        self.hub.desk.disconnected(self.id);
        self.hub.close(self.id);
        self.hub.apply(Event::Disconnected(self.id));
    }
}

/// Returns once a connection has got replies; never, if it does not use the extension.
async fn notified(replies: &Option<Arc<Notify>>) {
    match replies {
        Some(replies) => replies.notified().await,
        None => std::future::pending().await,
    }
}
