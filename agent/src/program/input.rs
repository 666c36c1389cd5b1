//! The buffer of a case's standard input: what was received and not yet written to the case. Makes no system calls.

/// The size of the buffer, in bytes; the library sends no more without credit.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// A queue of bytes.
pub(crate) struct Input {
    bytes: [u8; CAPACITY],
    start: usize,
    end: usize,
    /// The number of bytes taken since credit was last granted for them.
    taken: u32,
    /// `true` if no more input will come.
    pub(crate) is_closed: bool,
}

impl Input {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], start: 0, end: 0, taken: 0, is_closed: false }
    }

    /// Empties the buffer for the next case.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end, self.taken, self.is_closed) = (0, 0, 0, false);
    }

    /// Adds received bytes. Bytes that exceed the credit have no room and are lost.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.bytes.len() - self.end < bytes.len() {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let length = bytes.len().min(self.bytes.len() - self.end);
        self.bytes[self.end..self.end + length].copy_from_slice(&bytes[..length]);
        self.end += length;
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Removes bytes that were written to the case.
    pub(crate) fn take(&mut self, length: usize) {
        self.start += length;
        self.taken += length as u32;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// Returns the credit for bytes that were taken, once it is worth a frame.
    pub(crate) fn credit(&mut self) -> Option<u32> {
        let is_worth_it = self.taken as usize >= CAPACITY / 2 && !self.is_closed;
        is_worth_it.then(|| core::mem::take(&mut self.taken))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn input_within_the_window_is_taken_in_order(
            steps in proptest::collection::vec((0..4088_usize, 0..9000_usize), 1..200),
        ) {
            let (mut input, mut window) = (Box::new(Input::new()), CAPACITY);
            // The rest of an earlier case.
            input.push(b"left");
            input.take(2);
            input.is_closed = true;
            input.clear();
            let (mut pushed, mut taken) = (0_usize, 0_usize);
            for (push, take) in steps {
                let push = push.min(window);
                let bytes: Vec<u8> = (pushed..pushed + push).map(|at| (at % 251) as u8).collect();
                input.push(&bytes);
                (pushed, window) = (pushed + push, window - push);
                let take = take.min(input.waiting().len());
                for (at, byte) in input.waiting()[..take].iter().enumerate() {
                    prop_assert_eq!(*byte, ((taken + at) % 251) as u8);
                }
                input.take(take);
                taken += take;
                window += input.credit().unwrap_or(0) as usize;
                prop_assert_eq!(input.waiting().len(), pushed - taken);
            }
        }
    }
}
