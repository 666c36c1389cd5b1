//! One connection: reads lines until the end of the stream, and acknowledges each filter that is stored.

use std::net::SocketAddr;
use std::sync::Arc;

use seatrial_core::reaper::{ACK, AUTH, Filter, LineDecoder, same_token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::hub::Hub;
use crate::lifecycle::{Answer, ConnectionId, Event};
use crate::log::{self, Level};
use crate::settings::Settings;

/// Small, since there may be a thousand connections; lines are mostly shorter.
const CHUNK: usize = 2_048;

pub(crate) struct Connection {
    pub(crate) id: ConnectionId,
    pub(crate) peer: SocketAddr,
    pub(crate) hub: Arc<Hub>,
    pub(crate) settings: Arc<Settings>,
    /// Whether it has shown the token, or need not.
    pub(crate) trusted: bool,
}

/// Why a connection is closed by us.
struct Closed(String);

impl Connection {
    /// Serves a connection to its end.
    pub(crate) async fn serve(mut self, mut stream: TcpStream) {
        if self.trusted && self.hub.apply(Event::Connected(self.id)) == Answer::Refused {
            return;
        }
        log::write(Level::Info, "client connected", &[("address", &self.peer)]); // A contract.
        let mut held = 0;
        let result = self.read(&mut stream, &mut held).await;
        self.hub.hold(held, 0);
        if let Err(Closed(reason)) = result {
            log::write(Level::Warn, "connection closed", &[("address", &self.peer), ("reason", &reason)]);
        }
        // A contract. Before the event, so that what follows from it comes after it in the log.
        log::write(Level::Info, "client disconnected", &[("address", &self.peer)]);
        self.hub.apply(Event::Disconnected(self.id));
    }

    async fn read(&mut self, stream: &mut TcpStream, held: &mut usize) -> Result<(), Closed> {
        let mut decoder = LineDecoder::default();
        let mut chunk = [0; CHUNK];
        loop {
            let mut answers = Vec::new();
            let mut result = Ok(());
            let mut line = |line: &[u8]| {
                if result.is_ok() {
                    result = self.line(line, &mut answers);
                }
            };
            // A reset is how some clients leave.
            let read = stream.read(&mut chunk).await.unwrap_or(0);
            let decoded = match read {
                0 => std::mem::take(&mut decoder).finish(&mut line),
                read => decoder.feed(&chunk[..read], &mut line),
            };
            // Who does not want to hear it is gone already.
            let _ = stream.write_all(&answers).await;
            result?;
            decoded.map_err(|_| Closed("a line is too long".into()))?;
            if read == 0 {
                return Ok(());
            }
            let before = std::mem::replace(held, decoder.held());
            if !self.hub.hold(before, *held) {
                return Err(Closed("too many bytes of unfinished lines are held".into()));
            }
        }
    }

    fn line(&mut self, line: &[u8], answers: &mut Vec<u8>) -> Result<(), Closed> {
        if !self.trusted {
            return self.authenticate(line);
        }
        if line.is_empty() {
            return Ok(());
        }
        let filter = Filter::parse(line).map_err(|error| Closed(error.to_string()))?;
        if let Some(label) = &self.settings.required_label
            && !filter.holds(label)
        {
            return Err(Closed(format!("it does not hold the required label `{label}`")));
        }
        let text = filter.to_string();
        match self.hub.apply(Event::Filter(self.id, filter)) {
            Answer::Refused => return Err(Closed("it is too late, or there are too many filters".into())),
            Answer::Stored => log::write(Level::Info, "adding filter", &[("filter", &text)]), // A contract.
            Answer::Known | Answer::Taken => {}
        }
        answers.extend_from_slice(ACK);
        Ok(())
    }

    fn authenticate(&mut self, line: &[u8]) -> Result<(), Closed> {
        let token = self.settings.token.as_deref().unwrap_or_default();
        let guess = line.strip_prefix(AUTH.as_bytes());
        if !guess.is_some_and(|guess| same_token(guess, token.as_bytes())) {
            return Err(Closed("it did not begin with the token".into()));
        }
        self.trusted = true;
        match self.hub.apply(Event::Connected(self.id)) {
            Answer::Refused => Err(Closed("it is too late".into())),
            Answer::Taken | Answer::Stored | Answer::Known => Ok(()),
        }
    }
}
