//! The mark of a case, for kernels that don't pass orphans to their worker.

use super::environ::CASE_VARIABLE;
use super::number;

/// The variable `SEATRIAL_CASE=<number>@<worker>` with a NUL at its end.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    text: [u8; 48],
    length: usize,
    /// The session that the case's main process has created; 0 as long as it is not known.
    session: i32,
}

impl Mark {
    /// Creates the mark of a case that a worker runs.
    pub(crate) fn of(case: u32, worker: i32) -> Self {
        let mut mark = Self { text: [0; 48], length: CASE_VARIABLE.len(), session: 0 };
        mark.text[..mark.length].copy_from_slice(CASE_VARIABLE);
        mark.length += number::write(case, &mut mark.text[mark.length..]);
        mark.text[mark.length] = b'@';
        mark.length += 1;
        mark.length += number::write(worker.cast_unsigned(), &mut mark.text[mark.length..]);
        mark
    }

    /// Returns the mark with the session of the case's main process.
    pub(crate) fn with_session(self, session: i32) -> Self {
        Self { session, ..self }
    }

    /// Returns `true` for the case's session: all processes of it belong to the case, even without a mark.
    pub(crate) fn has_session(&self, session: i32) -> bool {
        self.session != 0 && self.session == session
    }

    /// Returns the variable with its NUL.
    pub(crate) fn variable(&self) -> &[u8] {
        &self.text[..=self.length]
    }

    /// Returns the variable's value.
    pub(crate) fn value(&self) -> &[u8] {
        &self.text[CASE_VARIABLE.len()..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_names_the_case_and_its_worker() {
        let mark = Mark::of(u32::MAX, i32::MAX);
        assert_eq!(mark.variable(), b"SEATRIAL_CASE=4294967295@2147483647\0");
        assert_eq!(Mark::of(7, 12).value(), b"7@12");
        assert!(!Mark::of(7, 12).has_session(0));
        assert!(Mark::of(7, 12).with_session(9).has_session(9));
    }
}
