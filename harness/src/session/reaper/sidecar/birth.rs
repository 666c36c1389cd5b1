//! The output and the end of a sidecar that this process created, for the case that its image is no reaper's.
//!
//! The engine removes the container at its end, and the output with it, so both are followed from before the start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::base::{Run, background};
use crate::engine::{EndNotice, FrameDecoder, Mode, Target, Upgraded};
use crate::words::Result;

/// The number of bytes kept of the output: the end of it, which has the reason.
const KEPT: usize = 2_048;
/// The limit for the engine to report an end that it has reported in another way.
const REPORT_LIMIT: Duration = Duration::from_secs(2);

/// A container that is followed from before its start until this is dropped.
pub(super) struct Birth {
    output: Arc<Mutex<Vec<u8>>>,
    reader: Run<()>,
    end: Run<Option<i64>>,
}

impl Birth {
    /// Begins to follow a container that was not started yet.
    pub(super) async fn attend(target: &Target) -> Result<Self> {
        let connection = target.attach().await?;
        let end = target.notice_of("next-exit").await?;
        let output = Arc::new(Mutex::default());
        let reader = background().run(read(connection, Arc::clone(&output)));
        Ok(Self { output, reader, end: background().run(exit_code(end)) })
    }

    /// Returns exit code and output in words, for a message; the container has ended already.
    pub(super) async fn last_words(self) -> String {
        let soon = |run| background().run(crate::base::timeout(REPORT_LIMIT, run));
        let code = soon(self.end).await.ok().flatten();
        background().run(crate::base::timeout(REPORT_LIMIT, self.reader)).await.ok();
        let code =
            code.map_or_else(|| "with an unknown exit code".to_owned(), |c| format!("with exit code {c}"));
        let output = std::mem::take(&mut *self.output.lock().unwrap_or_else(PoisonError::into_inner));
        match String::from_utf8_lossy(&output).trim() {
            "" => format!("{code} and no output"),
            text => format!("{code}; the end of its output:\n  {}", text.replace('\n', "\n  ")),
        }
    }
}

async fn read(mut connection: Upgraded, output: Arc<Mutex<Vec<u8>>>) {
    let mut decoder = FrameDecoder::new(Mode::Multiplexed);
    let mut chunk = [0; 4_096];
    while let Ok(read) = connection.read(&mut chunk).await
        && read > 0
    {
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let decoded = decoder.decode(&chunk[..read], |_, bytes| output.extend_from_slice(bytes));
        let surplus = output.len().saturating_sub(KEPT);
        output.drain(..surplus);
        if decoded.is_err() {
            return;
        }
    }
}

async fn exit_code(end: EndNotice) -> Option<i64> {
    end.read().await.ok()?.code
}
