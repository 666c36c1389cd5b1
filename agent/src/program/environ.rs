//! Finds a process's mark in its environment, which is read in pieces of any size and not stored.

/// The variable that holds a command's mark, with the equals sign.
pub(crate) const VARIABLE: &[u8] = b"SEATRIAL_EXEC=";
/// The variable that holds a case's mark, with the equals sign.
pub(crate) const CASE_VARIABLE: &[u8] = b"SEATRIAL_CASE=";
/// The longest mark, in bytes.
pub(crate) const LONGEST: usize = 64;

/// A parser of `NAME=value` pairs, each with a NUL at its end, that keeps the value of one variable. The first pair
/// with the name counts, as it does for `getenv`.
#[derive(Clone, Copy)]
pub(crate) struct MarkFinder {
    variable: &'static [u8],
    place: Place,
    mark: [u8; LONGEST],
    length: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In the name of a pair whose first bytes match; the number of these.
    Name(usize),
    /// In a pair of another variable.
    Other,
    Value,
    /// After the value.
    Found,
    TooLong,
}

impl MarkFinder {
    /// Creates a finder for a variable, which is given with the equals sign.
    pub(crate) const fn new(variable: &'static [u8]) -> Self {
        Self { variable, place: Place::Name(0), mark: [0; LONGEST], length: 0 }
    }

    pub(crate) fn feed(&mut self, piece: &[u8]) {
        for byte in piece {
            self.step(*byte);
        }
    }

    fn step(&mut self, byte: u8) {
        self.place = match (self.place, byte) {
            (Place::Found | Place::TooLong, _) => return,
            (Place::Value, 0) => Place::Found,
            (Place::Value, _) if self.length == LONGEST => Place::TooLong,
            (Place::Value, _) => {
                self.mark[self.length] = byte;
                self.length += 1;
                return;
            }
            (Place::Name(_) | Place::Other, 0) => Place::Name(0),
            (Place::Name(agreed), _) if byte == self.variable[agreed] => match agreed + 1 {
                all if all == self.variable.len() => Place::Value,
                agreed => Place::Name(agreed),
            },
            (Place::Name(_) | Place::Other, _) => Place::Other,
        };
    }

    /// Returns `true` if more input cannot change the result.
    pub(crate) const fn is_done(&self) -> bool {
        matches!(self.place, Place::Found | Place::TooLong)
    }

    /// Returns the mark, after the whole environment was fed.
    pub(crate) fn mark(&self) -> Option<&[u8]> {
        match self.place {
            // The last pair may lack its NUL, since a process can overwrite its environment.
            Place::Found | Place::Value => Some(&self.mark[..self.length]),
            Place::Name(_) | Place::Other | Place::TooLong => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn find(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let mut finder = MarkFinder::new(VARIABLE);
        for piece in pieces {
            let (is_done, mark) = (finder.is_done(), finder.mark().map(<[u8]>::to_vec));
            finder.feed(piece);
            assert!(!is_done || finder.mark().map(<[u8]>::to_vec) == mark);
        }
        finder.mark().map(<[u8]>::to_vec)
    }

    #[test]
    fn the_mark_is_the_value_of_the_first_pair_with_its_name() {
        assert_eq!(find(&[b"A=1\0SEATRIAL_EXEC=0f\0B=2\0"]).as_deref(), Some(&b"0f"[..]));
        assert_eq!(find(&[b"SEATRIAL_EXEC=0f\0SEATRIAL_EXEC=1e\0"]).as_deref(), Some(&b"0f"[..]));
        assert_eq!(find(&[b"A=1\0SEATRIAL_EXEC=0f"]).as_deref(), Some(&b"0f"[..]));
    }

    #[test]
    fn similar_names_and_long_values_are_no_marks() {
        for other in ["", "SEATRIAL_EXEC", "XSEATRIAL_EXEC=a\0", "A=SEATRIAL_EXEC=a\0", "SEATRIAL_EXECX=a\0"]
        {
            assert_eq!(find(&[other.as_bytes()]), None, "{other}");
        }
        let long = format!("SEATRIAL_EXEC={}\0", "a".repeat(LONGEST + 1));
        assert_eq!(find(&[long.as_bytes()]), None);
    }

    /// Finds the mark by splitting the environment.
    fn naive(environ: &[u8]) -> Option<Vec<u8>> {
        let mut pairs = environ.split(|byte| *byte == 0);
        let mark = pairs.find_map(|pair| pair.strip_prefix(VARIABLE))?;
        (mark.len() <= LONGEST).then(|| mark.to_vec())
    }

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_mark(
            pairs in proptest::collection::vec("(SEATRIAL_EXEC=|SEATRIAL_|A=)?[a-c=]{0,70}", 0..6),
            size in 1_usize..40,
        ) {
            let environ = pairs.iter().map(|pair| format!("{pair}\0")).collect::<String>().into_bytes();
            let pieces: Vec<_> = environ.chunks(size).collect();
            prop_assert_eq!(find(&pieces), naive(&environ));
        }
    }
}
