//! A case's standard input on its way: what has come and is not yet read by the case. Pure.

/// How much can be on its way.
pub(crate) const CAPACITY: usize = 64 * 1024;

/// Bytes in their order.
pub(crate) struct Input {
    bytes: [u8; CAPACITY],
    start: usize,
    end: usize,
    /// How much was taken since that was last told.
    taken: u32,
    /// No more comes.
    pub(crate) is_closed: bool,
}

impl Input {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; CAPACITY], start: 0, end: 0, taken: 0, is_closed: false }
    }

    /// For the next case.
    pub(crate) fn clear(&mut self) {
        (self.start, self.end, self.taken, self.is_closed) = (0, 0, 0, false);
    }

    /// Adds what came; what there is no room for, which nobody may send, is lost.
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

    /// So much was read by the case.
    pub(crate) fn take(&mut self, length: usize) {
        self.start += length;
        self.taken += length as u32;
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
    }

    /// How much may be sent in place of what was taken, once that is worth a frame.
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
        fn what_is_pushed_within_the_window_is_taken_in_order(
            steps in proptest::collection::vec((0..4088_usize, 0..9000_usize), 1..200),
        ) {
            let (mut input, mut window) = (Box::new(Input::new()), CAPACITY);
            // What a case before has left.
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
