//! The list of cases: unique names in one piece of memory.

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::lines::lines;
use crate::name::Name;

/// The length of the longest name, in bytes. Linux accepts no longer argument or variable, and a name is the value of
/// the variable `SEATRIAL_CASE`.
pub const LONGEST_NAME: usize = 128 * 1024 - "SEATRIAL_CASE=".len() - 1;

/// The most names that an error shows.
const SHOWN: usize = 5;

/// Unique names of cases, in the order in which they were listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseList {
    bytes: Vec<u8>,
    /// The end of each name in `bytes`.
    ends: Vec<usize>,
}

impl CaseList {
    /// Reads a name per line, and leaves out empty lines. Lines end in `\n` or `\r\n`.
    ///
    /// `from` names the list's origin in errors.
    ///
    /// # Errors
    /// Invalid, if there is no name, or if a name is listed twice, is longer than [`LONGEST_NAME`] or has a NUL byte.
    pub fn from_lines(text: &[u8], from: &str) -> Result<Self> {
        Self::new(lines(text).filter(|name| !name.is_empty()), from)
    }

    /// Takes names as they are. `from` names the list's origin in errors.
    ///
    /// # Errors
    /// The errors of [`from_lines`](Self::from_lines), and invalid if a name is empty or has a newline.
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

    /// Returns the number of names.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns `true` if there is no name. A list that was made without an error has one at least.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the name at an index of the list.
    ///
    /// # Panics
    /// If the list is shorter.
    #[must_use]
    pub fn name(&self, at: usize) -> Name<'_> {
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        Name(&self.bytes[start..self.ends[at]])
    }

    /// Iterates over the names, in the order of the list.
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
            "{from} has a name of {length} bytes, and Linux accepts no argument longer than {LONGEST_NAME}: `{shown}`"
        )));
    }
    if name.contains(&0) {
        return Err(Error::invalid(format!(
            "{from} has a name with a NUL byte, which no argument of a command can have: `{shown}`"
        )));
    }
    if name.contains(&b'\n') {
        return Err(Error::invalid(format!(
            "{from} has a name with a newline, and lists of cases have one name per line: `{shown}`"
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

    /// R2: *pure*. Each line is a name, whatever bytes it has.
    #[test]
    fn lines_are_names_whatever_bytes_they_have() {
        let list = CaseList::from_lines(b"a\n\nb c\n\"q\"\n\xff\n#x\nno newline", "`cases`").expect("a list");
        let names: Vec<_> = list.iter().map(|name| name.0).collect();
        assert_eq!(names, [&b"a"[..], b"b c", b"\"q\"", b"\xff", b"#x", b"no newline"]);
    }

    /// R2, R3: *pure*. A list that is empty, or has a name that can't be one, is refused by name.
    #[test]
    fn a_bad_list_is_refused_by_name() {
        assert_eq!(refusal(b""), "`cases` names no case");
        assert_eq!(refusal(b"\n\n"), "`cases` names no case");
        assert_eq!(refusal(b"a\nb\na\na"), "`cases` names cases more than once: `a` (3 times)");
        assert!(refusal(b"a\0b").contains("with a NUL byte"));
        let newline = CaseList::new(["a\nb"], "the glob `*`").expect_err("two lines").to_string();
        assert!(newline.contains("with a newline") && newline.ends_with("`a\\nb`"), "{newline}");
        let many: Vec<u8> = (0..2).flat_map(|_| (0..9).flat_map(|n| format!("{n}\n").into_bytes())).collect();
        assert!(refusal(&many).ends_with("`4` (2 times) and 4 more"), "{}", refusal(&many));
    }

    /// R2: *pure*. A name may be as long as Linux lets an argument be.
    #[test]
    fn the_longest_name_is_the_longest_argument() {
        assert!(CaseList::from_lines(&b"x".repeat(100_000), "`cases`").is_ok());
        assert!(CaseList::from_lines(&b"x".repeat(LONGEST_NAME), "`cases`").is_ok());
        assert!(refusal(&b"x".repeat(LONGEST_NAME + 1)).contains("131058 bytes"));
    }

    /// R2: *pure*. A list written on Windows has the same names.
    #[test]
    fn carriage_returns_and_a_byte_order_mark_are_no_part_of_a_name() {
        for text in [&b"\xef\xbb\xbfa\r\nb c\r\n\r\nd"[..], b"a\r\nb c\nd\r\n", b"\xef\xbb\xbf\r\na\nb c\nd"]
        {
            let list = CaseList::from_lines(text, "`cases`").expect("a list");
            let names: Vec<_> = list.iter().map(|name| name.0).collect();
            assert_eq!(names, [&b"a"[..], b"b c", b"d"], "{text:?}");
        }
        assert_eq!(refusal(b"\xef\xbb\xbf\r\n"), "`cases` names no case");
        assert_eq!(refusal(b"a\r\na\n"), "`cases` names cases more than once: `a` (2 times)");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(lines in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(list) = CaseList::from_lines(&lines, "x") {
                let expected: Vec<_> = super::lines(&lines).filter(|name| !name.is_empty()).collect();
                let names: Vec<_> = list.iter().map(|name| name.0).collect();
                prop_assert_eq!(names, expected);
            }
        }
    }
}
