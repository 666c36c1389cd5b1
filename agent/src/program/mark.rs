//! The mark of a case, for kernels that don't tell whose orphans are whose.

use super::environ::CASE_VARIABLE;
use super::number;

/// `SEATRIAL_CASE=<number>@<worker>` and a NUL.
#[derive(Clone, Copy)]
pub(crate) struct Mark {
    text: [u8; 48],
    length: usize,
}

impl Mark {
    /// That of the case with this number, which this worker looks after.
    pub(crate) fn of(case: u32, worker: i32) -> Self {
        let mut mark = Self { text: [0; 48], length: CASE_VARIABLE.len() };
        mark.text[..mark.length].copy_from_slice(CASE_VARIABLE);
        mark.length += number::write(case, &mut mark.text[mark.length..]);
        mark.text[mark.length] = b'@';
        mark.length += 1;
        mark.length += number::write(worker.cast_unsigned(), &mut mark.text[mark.length..]);
        mark
    }

    /// As a variable, with its NUL.
    pub(crate) fn variable(&self) -> &[u8] {
        &self.text[..=self.length]
    }

    /// The value alone.
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
    }
}
