//! The list of cases: names in one piece of memory, each once.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::name::Name;

/// The longest name: Linux takes no longer word of a command, with `SEATRIAL_CASE=` before it and a NUL behind it.
pub const LONGEST_NAME: usize = 128 * 1024 - "SEATRIAL_CASE=".len() - 1;

/// How many names an error shows.
const SHOWN: usize = 5;

/// Names of cases, each once, in the order in which they were listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseList {
    bytes: Vec<u8>,
    /// Where each name ends.
    ends: Vec<usize>,
}

impl CaseList {
    /// Names, one per line; a line without anything on it is none. `from` says in an error where they came from.
    ///
    /// # Errors
    /// Invalid, if there is none, if a name is there twice, is longer than [`LONGEST_NAME`] or holds a NUL byte.
    pub fn from_lines(lines: &[u8], from: &str) -> Result<Self> {
        let names = lines.split(|byte| *byte == b'\n');
        Self::new(names.filter(|name| !name.is_empty()), from)
    }

    /// Names, as they are.
    ///
    /// # Errors
    /// As [`from_lines`](Self::from_lines), and if a name is empty or holds a newline.
    pub fn new<T: AsRef<[u8]>>(names: impl IntoIterator<Item = T>, from: &str) -> Result<Self> {
        let mut list = Self { bytes: Vec::new(), ends: Vec::new() };
        for name in names {
            let name = name.as_ref();
            check(name, from)?;
            list.bytes.extend_from_slice(name);
            list.ends.push(list.bytes.len());
        }
        if list.is_empty() {
            return Err(Error::invalid(format!("{from} names no case")));
        }
        list.bytes.shrink_to_fit();
        list.check_that_each_is_there_once(from)?;
        Ok(list)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none, which no list of cases is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name at this place.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn name(&self, at: usize) -> Name<'_> {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Name(&self.bytes[start..self.ends[at]])
    }

    /// All names.
    pub fn iter(&self) -> impl Iterator<Item = Name<'_>> {
        (0..self.len()).map(|at| self.name(at))
    }

    fn check_that_each_is_there_once(&self, from: &str) -> Result<()> {
        let mut times: HashMap<Name<'_>, u32> = HashMap::with_capacity(self.len());
        let mut twice = Vec::new();
        for name in self.iter() {
            let times = times.entry(name).or_default();
            *times += 1;
            if *times == 2 {
                twice.push(name);
            }
        }
        if twice.is_empty() {
            return Ok(());
        }
        let shown: Vec<_> =
            twice.iter().take(SHOWN).map(|name| format!("`{name}` ({} times)", times[name])).collect();
        let more = match twice.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        Err(Error::invalid(format!("{from} names cases more than once: {}{more}", shown.join(", "))))
    }
}

fn check(name: &[u8], from: &str) -> Result<()> {
    let shown = Name(name);
    if name.is_empty() {
        return Err(Error::invalid(format!("{from} has a case with an empty name")));
    }
    if name.len() > LONGEST_NAME {
        let length = name.len();
        return Err(Error::invalid(format!(
            "{from} has a name of {length} bytes, and {LONGEST_NAME} is the most that a command takes: `{shown}`"
        )));
    }
    if name.contains(&0) {
        return Err(Error::invalid(format!(
            "{from} has a name with a NUL byte, which no command can be given: `{shown}`"
        )));
    }
    if name.contains(&b'\n') {
        return Err(Error::invalid(format!(
            "{from} has a name with a newline, and lists of cases and records of them have a name per line: `{shown}`"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refusal(lines: &[u8]) -> String {
        CaseList::from_lines(lines, "`cases`").expect_err("a bad list").to_string()
    }

    /// R2: *pure*.
    #[test]
    fn lines_are_names_whatever_bytes_they_have() {
        let list = CaseList::from_lines(b"a\n\nb c\n\"q\"\n\xff\n#x\nno newline", "`cases`").expect("a list");
        let names: Vec<_> = list.iter().map(|name| name.0).collect();
        assert_eq!(names, [&b"a"[..], b"b c", b"\"q\"", b"\xff", b"#x", b"no newline"]);
    }

    /// R2, R3: *pure*.
    #[test]
    fn what_is_no_list_is_refused_by_name() {
        assert_eq!(refusal(b""), "`cases` names no case");
        assert_eq!(refusal(b"\n\n"), "`cases` names no case");
        assert_eq!(refusal(b"a\nb\na\na"), "`cases` names cases more than once: `a` (3 times)");
        assert!(refusal(b"a\0b").contains("with a NUL byte"));
        let newline = CaseList::new(["a\nb"], "the glob `*`").expect_err("two lines").to_string();
        assert!(newline.contains("with a newline") && newline.ends_with("`a\\nb`"), "{newline}");
        let many: Vec<u8> = (0..2).flat_map(|_| (0..9).flat_map(|n| format!("{n}\n").into_bytes())).collect();
        assert!(refusal(&many).ends_with("`4` (2 times) and 4 more"), "{}", refusal(&many));
    }

    /// R2: *pure*.
    #[test]
    fn the_longest_name_is_what_a_command_takes() {
        assert!(CaseList::from_lines(&b"x".repeat(100_000), "`cases`").is_ok());
        assert!(CaseList::from_lines(&b"x".repeat(LONGEST_NAME), "`cases`").is_ok());
        assert!(refusal(&b"x".repeat(LONGEST_NAME + 1)).contains("131058 bytes"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(lines in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(list) = CaseList::from_lines(&lines, "x") {
                let expected: Vec<_> = lines.split(|b| *b == b'\n').filter(|n| !n.is_empty()).collect();
                let names: Vec<_> = list.iter().map(|name| name.0).collect();
                prop_assert_eq!(names, expected);
            }
        }
    }
}
