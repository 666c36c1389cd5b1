//! A sidecar that this process created: what it prints and how it ends, for the case that it is no reaper.
//!
//! The engine removes it at its end, and its output with it, so both are followed from before its start.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::AsyncReadExt;

use crate::base::{Run, background};
use crate::engine::{EndNotice, FrameDecoder, Mode, Target, Upgraded};
use crate::words::Result;

/// How much of the output is kept: the end of it, which has the reason.
const KEPT: usize = 2_048;
/// How long the engine may take to tell of an end that it has told of in another way.
const TOLD_WITHIN: Duration = Duration::from_secs(2);

/// Follows one container from before its start; dropping it ends that.
pub(super) struct Birth {
    output: Arc<Mutex<Vec<u8>>>,
    reader: Run<()>,
    end: Run<Option<i64>>,
}

impl Birth {
    /// Follows a container that was not started yet.
    pub(super) async fn attend(target: &Target) -> Result<Self> {
        let connection = target.attach().await?;
        let end = target.notice_of("next-exit").await?;
        let output = Arc::new(Mutex::default());
        let reader = background().run(read(connection, Arc::clone(&output)));
        Ok(Self { output, reader, end: background().run(exit_code(end)) })
    }

    /// How it ended, in words; it has ended already.
    pub(super) async fn last_words(self) -> String {
        let soon = |run| background().run(tokio::time::timeout(TOLD_WITHIN, run));
        let code = soon(self.end).await.ok().flatten();
        background().run(tokio::time::timeout(TOLD_WITHIN, self.reader)).await.ok();
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
