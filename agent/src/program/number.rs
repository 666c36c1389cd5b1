//! Parses and formats decimal numbers without an allocator.

/// Parses a number that is not negative.
pub(crate) fn parse(text: &[u8]) -> Option<i32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_i32, |number, digit| {
        if !digit.is_ascii_digit() {
            return None;
        }
        number.checked_mul(10)?.checked_add(i32::from(digit - b'0'))
    })
}

/// Writes a number at the start of a buffer of at least 10 bytes, and returns its length.
pub(crate) fn write(mut number: u32, buffer: &mut [u8]) -> usize {
    let mut digits = [0_u8; 10];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    let digits = &digits[first..];
    buffer[..digits.len()].copy_from_slice(digits);
    digits.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_written_number_is_parsed_again(number in 0..=i32::MAX) {
            let mut buffer = [0; 10];
            let length = write(number.cast_unsigned(), &mut buffer);
            prop_assert_eq!(std::str::from_utf8(&buffer[..length]).unwrap(), number.to_string());
            prop_assert_eq!(parse(&buffer[..length]), Some(number));
        }

        #[test]
        fn other_text_is_refused(text in "\\PC*") {
            let expected = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
            prop_assert_eq!(parse(text.as_bytes()), expected);
        }
    }
}
