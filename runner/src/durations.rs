//! The record of durations: a file of lines, each a number of seconds, a tab and the name of a case.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::lines::{without_mark, without_return};
use crate::list::CaseList;
use crate::replace::Replacement;

/// The longest plausible duration, in seconds: no run writes a longer one.
const LONGEST: f64 = 1e7;

/// The known durations of the cases of a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations(Vec<Option<f32>>);

impl Durations {
    /// Reads a record. A file that does not exist counts as an empty record.
    ///
    /// # Errors
    /// Invalid, with the line, if the file is no record.
    pub fn read(path: &Path, cases: &CaseList) -> Result<Self> {
        let mut durations = Self(vec![None; cases.len()]);
        let places: HashMap<&[u8], usize> = cases.iter().map(|name| name.0).zip(0..).collect();
        each_line(path, |seconds, name, _| {
            if let Some(place) = places.get(name) {
                durations.0[*place] = Some(seconds);
            }
            Ok(())
        })?;
        Ok(durations)
    }

    /// Returns the duration of the case at an index of the list, if it is known.
    #[must_use]
    pub fn of(&self, case: usize) -> Option<Duration> {
        self.0.get(case).copied().flatten().map(Duration::from_secs_f32)
    }

    /// Returns `true` if no duration is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// Returns the median of the known durations: the estimate for a case of unknown duration.
    #[must_use]
    pub fn median(&self) -> Duration {
        let mut known: Vec<_> = self.0.iter().flatten().copied().collect();
        known.sort_by(f32::total_cmp);
        known.get(known.len() / 2).copied().map(Duration::from_secs_f32).unwrap_or_default()
    }

    /// Sets the duration of a case.
    pub fn note(&mut self, case: usize, took: Duration) {
        if let Some(place) = self.0.get_mut(case) {
            *place = Some(took.as_secs_f32());
        }
    }

    /// Writes the record, and keeps the file's entries for cases that are not in the list: other shards use them.
    ///
    /// The file is replaced only when the new one is complete.
    ///
    /// # Errors
    /// Report, if the file can't be written.
    pub fn write(&self, path: &Path, cases: &CaseList) -> Result<()> {
        let failed = |error: std::io::Error| {
            let message = format!("the record of durations can't be written to `{}`", path.display());
            Error::report(message).with_source(error)
        };
        let mut to = Replacement::create(path).map_err(failed)?;
        let known: std::collections::HashSet<&[u8]> = cases.iter().map(|name| name.0).collect();
        each_line(path, |_, name, line| {
            if !known.contains(name) {
                to.write_all(line).and_then(|()| to.write_all(b"\n")).map_err(failed)?;
            }
            Ok(())
        })?;
        for (name, seconds) in cases.iter().zip(&self.0) {
            let Some(seconds) = seconds else { continue };
            write!(to, "{seconds:.3}\t").and_then(|()| to.write_all(name.0)).map_err(failed)?;
            to.write_all(b"\n").map_err(failed)?;
        }
        to.commit().map_err(failed)
    }
}

/// Calls a function for each line of a record. A file that does not exist has none.
fn each_line(path: &Path, mut each: impl FnMut(f32, &[u8], &[u8]) -> Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::invalid(format!("the record of durations `{}` can't be read", path.display()))
            .with_source(error)
    };
    let file = match std::fs::File::open(path) {
        // A device would be read without end.
        Ok(file) if !file.metadata().is_ok_and(|about| about.is_file()) => {
            return Err(Error::invalid(format!("the record of durations `{}` is no file", path.display())));
        }
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
    };
    let mut reader = BufReader::new(file);
    let (mut line, mut number) = (Vec::new(), 0);
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line).map_err(failed)? == 0 {
            return Ok(());
        }
        number += 1;
        let whole = line.strip_suffix(b"\n").unwrap_or(&line);
        let whole = without_return(if number == 1 { without_mark(whole) } else { whole });
        if whole.is_empty() {
            continue;
        }
        let (seconds, name) = parse(whole).ok_or_else(|| {
            let path = path.display();
            Error::invalid(format!(
                "line {number} of `{path}` is not a number of seconds, a tab and a name, so the file is no record of durations"
            ))
        })?;
        each(seconds, name, whole)?;
    }
}

fn parse(line: &[u8]) -> Option<(f32, &[u8])> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let seconds: f64 = std::str::from_utf8(&line[..tab]).ok()?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a record of milliseconds needs no more digits")]
    let shortened = seconds as f32;
    (0.0..LONGEST).contains(&seconds).then_some((shortened, &line[tab + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(names: &[&[u8]]) -> CaseList {
        CaseList::new(names, "a test").expect("a list")
    }

    /// R27. A record keeps the durations of cases that this run does not know.
    #[test]
    fn a_record_is_read_back_and_keeps_the_entries_of_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("durations");
        let ours = cases(&[b"a", b"b\xff\tc", b"never ran"]);
        let mut durations = Durations::read(&path, &ours).expect("an empty record");
        assert!(durations.is_empty());
        durations.note(0, Duration::from_millis(1500));
        durations.note(1, Duration::from_secs(3));
        durations.write(&path, &ours).expect("written");
        let others = cases(&[b"other", b"a"]);
        let mut theirs = Durations::read(&path, &others).expect("a record");
        assert_eq!(theirs.of(0), None);
        assert_eq!(theirs.of(1), Some(Duration::from_millis(1500)));
        theirs.note(0, Duration::from_secs(1));
        theirs.write(&path, &others).expect("written");
        let read = Durations::read(&path, &ours).expect("a record");
        assert_eq!(read, durations);
        assert_eq!(read.median(), Duration::from_secs(3));
    }

    /// R27. A record with the line ends of Windows says the same.
    #[test]
    fn carriage_returns_are_no_part_of_a_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("durations");
        std::fs::write(&path, "\u{feff}1.5\ta\r\n2\tb\r\n").expect("a file");
        let read = Durations::read(&path, &cases(&[b"a", b"b"])).expect("a record");
        assert_eq!(
            [read.of(0), read.of(1)],
            [Some(Duration::from_millis(1500)), Some(Duration::from_secs(2))]
        );
    }

    /// R1. A file that is no record is refused, with the line.
    #[test]
    fn a_file_that_is_no_record_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("durations");
        for text in ["1.0\ta\nb\n", "1.0\ta\nx\tb\n", "1.0\ta\n-1\tb", "1.0\ta\nNaN\tb", "1.0\ta\n1e9\tb"] {
            std::fs::write(&path, text).expect("a file");
            let error = Durations::read(&path, &cases(&[b"a"])).expect_err("no record").to_string();
            assert!(error.starts_with("line 2 of `"), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_is_no_record() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Durations::read(folder.path(), &cases(&[b"a"])).is_err());
        let nowhere = folder.path().join("none/durations");
        assert!(Durations::default().write(&nowhere, &cases(&[b"a"])).is_err());
    }
}
