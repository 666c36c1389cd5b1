//! The comparison of secret tokens, in a time that does not reveal how much of a guess is right.

/// Returns `true` if two tokens are equal. The time depends only on the length of the guess.
#[must_use]
pub fn same(guess: &[u8], token: &[u8]) -> bool {
    let mut difference = u8::from(guess.len() != token.len());
    for (n, byte) in guess.iter().enumerate() {
        // The optimiser must not end the loop at the first difference.
        difference |= std::hint::black_box(byte ^ token.get(n).copied().unwrap_or(!byte));
    }
    difference == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn tokens_are_the_same_when_their_bytes_are(a in "[ab]{0,4}", b in "[ab]{0,4}") {
            prop_assert_eq!(same(a.as_bytes(), b.as_bytes()), a == b);
        }
    }
}
