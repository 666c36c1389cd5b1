//! How long cases took before: a file of lines, each a number of seconds, a tab, and the name.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{Error, Result};
use crate::list::CaseList;

/// What a case took at most: a record that says more was not made by a run.
const LONGEST: f64 = 1e7;

/// How long the cases of a list took before, where that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations(Vec<Option<f32>>);

impl Durations {
    /// Reads a record; a file that is not there is an empty one.
    ///
    /// # Errors
    /// Invalid, with the line, if it is no record.
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

    /// How long the case at this place took.
    #[must_use]
    pub fn of(&self, case: usize) -> Option<Duration> {
        self.0.get(case).copied().flatten().map(Duration::from_secs_f32)
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(Option::is_none)
    }

    /// What to reckon with for a case of which nothing is known: the median of the others.
    #[must_use]
    pub fn median(&self) -> Duration {
        let mut known: Vec<_> = self.0.iter().flatten().copied().collect();
        known.sort_by(f32::total_cmp);
        known.get(known.len() / 2).copied().map(Duration::from_secs_f32).unwrap_or_default()
    }

    /// Notes how long a case took.
    pub fn note(&mut self, case: usize, took: Duration) {
        if let Some(place) = self.0.get_mut(case) {
            *place = Some(took.as_secs_f32());
        }
    }

    /// Writes the record, with what the file said of cases that are not in the list: other shards use it as well.
    ///
    /// # Errors
    /// Invalid, if the file can't be written.
    pub fn write(&self, path: &Path, cases: &CaseList) -> Result<()> {
        let failed = |error: std::io::Error| {
            Error::invalid(format!("the durations can't be written to `{}`", path.display()))
                .with_source(error)
        };
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        // As a file that is simply created, for whoever may read those.
        let mode = std::fs::Permissions::from_mode(0o666);
        let fresh = tempfile::Builder::new().permissions(mode).tempfile_in(folder).map_err(failed)?;
        let mut to = BufWriter::new(&fresh);
        let known: std::collections::HashSet<&[u8]> = cases.iter().map(|name| name.0).collect();
        each_line(path, |_, name, line| {
            if known.contains(name) { Ok(()) } else { to.write_all(line).and_then(|()| to.write_all(b"\n")) }
        })?;
        for (name, seconds) in cases.iter().zip(&self.0) {
            let Some(seconds) = seconds else { continue };
            write!(to, "{seconds:.3}\t").and_then(|()| to.write_all(name.0)).map_err(failed)?;
            to.write_all(b"\n").map_err(failed)?;
        }
        to.flush().map_err(failed)?;
        drop(to);
        fresh.persist(path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// Reads a record line by line; what is not there has no lines.
fn each_line(path: &Path, mut each: impl FnMut(f32, &[u8], &[u8]) -> std::io::Result<()>) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::invalid(format!("the durations in `{}` can't be read", path.display())).with_source(error)
    };
    let file = match std::fs::File::open(path) {
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
        if whole.is_empty() {
            continue;
        }
        let (seconds, name) = parse(whole).ok_or_else(|| {
            let path = path.display();
            Error::invalid(format!(
                "line {number} of `{path}` is not a number of seconds, a tab and a name: this is no record of durations"
            ))
        })?;
        each(seconds, name, whole).map_err(failed)?;
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

    /// R27.
    #[test]
    fn a_record_is_read_back_and_keeps_what_others_wrote() {
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

    /// R1.
    #[test]
    fn what_is_no_record_is_refused_with_its_line() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("durations");
        for text in ["1.0\ta\nb\n", "1.0\ta\nx\tb\n", "1.0\ta\n-1\tb", "1.0\ta\nNaN\tb", "1.0\ta\n1e9\tb"] {
            std::fs::write(&path, text).expect("a file");
            let error = Durations::read(&path, &cases(&[b"a"])).expect_err("no record").to_string();
            assert!(error.starts_with("line 2 of `"), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_is_no_record_and_can_hold_none() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Durations::read(folder.path(), &cases(&[b"a"])).is_err());
        let nowhere = folder.path().join("none/durations");
        assert!(Durations::default().write(&nowhere, &cases(&[b"a"])).is_err());
    }
}
