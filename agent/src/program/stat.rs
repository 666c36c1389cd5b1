//! Parses `/proc/<pid>/stat`.

use super::number;

/// The fields of the line that the agent needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stat {
    /// The state's letter: `R`, `S`, `T`, `Z` and so on.
    pub(crate) state: u8,
    pub(crate) parent: i32,
    pub(crate) session: i32,
}

/// Parses `pid (name) state parent group session …`. A name may have brackets and spaces in it.
pub(crate) fn parse(line: &[u8]) -> Option<Stat> {
    let end_of_name = line.iter().rposition(|byte| *byte == b')')?;
    let mut fields = line.get(end_of_name + 2..)?.split(|byte| *byte == b' ');
    let state = *fields.next()?.first()?;
    let parent = number::parse(fields.next()?)?;
    let _group = fields.next()?;
    // A session outside of the container's namespace is 0 or negative.
    let session = number::parse(fields.next()?).unwrap_or(0);
    Some(Stat { state, parent, session })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_is_skipped() {
        let line = b"17 (a) S 1 (b)) R 4 5 6 0 -1 4194560 1 2 3\n";
        assert_eq!(parse(line), Some(Stat { state: b'R', parent: 4, session: 6 }));
    }

    #[test]
    fn a_line_that_is_cut_is_none() {
        for line in ["", "17", "17 (sh", "17 (sh)", "17 (sh) ", "17 (sh) S", "17 (sh) S 1", "17 (sh) S x 2 3"]
        {
            assert_eq!(parse(line.as_bytes()), None, "{line}");
        }
    }

    #[test]
    fn a_session_out_of_view_is_none() {
        assert_eq!(parse(b"1 (x) S 0 -1 -1 0").map(|stat| stat.session), Some(0));
    }

    proptest! {
        #[test]
        fn any_name_and_numbers_are_read(name in "[^\0]{0,20}", parent in 0..i32::MAX, session in 0..i32::MAX) {
            let line = format!("5 ({name}) Z {parent} 7 {session} 0 -1 4194304 0 0");
            prop_assert_eq!(parse(line.as_bytes()), Some(Stat { state: b'Z', parent, session }));
        }

        #[test]
        fn nothing_panics(line in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&line);
        }
    }
}
