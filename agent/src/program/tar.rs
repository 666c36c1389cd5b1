//! The headers of tar archives, in the form that the library writes and reads. Makes no system calls.
//!
//! Numbers are octal digits, or binary with the first bit set where digits don't suffice. Names of more than 100 bytes
//! are in an entry of their own before the entry, as GNU's tar has them.

/// The size of a header, and of the blocks that content is padded to, in bytes.
pub(crate) const BLOCK: usize = 512;
/// The longest name that a header holds, in bytes.
pub(crate) const NAME: usize = 100;

/// A type of entry.
pub(crate) mod kind {
    pub(crate) const FILE: u8 = b'0';
    pub(crate) const SYMLINK: u8 = b'2';
    pub(crate) const CHAR: u8 = b'3';
    pub(crate) const BLOCK: u8 = b'4';
    pub(crate) const DIR: u8 = b'5';
    pub(crate) const FIFO: u8 = b'6';
    pub(crate) const LONG_LINK: u8 = b'K';
    pub(crate) const LONG_NAME: u8 = b'L';
}

/// The header of an entry.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: u8,
    pub(crate) mode: u64,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) size: u64,
    pub(crate) mtime: u64,
}

impl Header {
    /// Reads a header. Returns `None` if its sum is wrong.
    pub(crate) fn parse(block: &[u8; BLOCK]) -> Option<Self> {
        let kind = if block[156] == 0 { kind::FILE } else { block[156] };
        let header = Self {
            kind,
            mode: number(&block[100..108]),
            uid: number(&block[108..116]),
            gid: number(&block[116..124]),
            size: number(&block[124..136]),
            mtime: number(&block[136..148]),
        };
        (number(&block[148..156]) == sum(block)).then_some(header)
    }

    /// Writes a header. The name and the link's target are cut off where they are too long.
    pub(crate) fn write(&self, name: &[u8], link: &[u8], block: &mut [u8; BLOCK]) {
        *block = [0; BLOCK];
        put_text(&mut block[..NAME], name);
        put_number(&mut block[100..108], self.mode);
        put_number(&mut block[108..116], self.uid);
        put_number(&mut block[116..124], self.gid);
        put_number(&mut block[124..136], self.size);
        put_number(&mut block[136..148], self.mtime);
        block[156] = self.kind;
        put_text(&mut block[157..257], link);
        block[257..265].copy_from_slice(b"ustar  \0");
        let sum = sum(block);
        put_number(&mut block[148..156], sum);
    }
}

/// Returns the name in a header.
pub(crate) fn name(block: &[u8; BLOCK]) -> &[u8] {
    text(&block[..NAME])
}

/// Returns the target of a link in a header.
pub(crate) fn link(block: &[u8; BLOCK]) -> &[u8] {
    text(&block[157..257])
}

/// Returns the number of bytes that pad content of this size to whole blocks.
pub(crate) fn padding(size: u64) -> usize {
    (size.wrapping_neg() % BLOCK as u64) as usize
}

/// Returns the text up to its first NUL.
pub(crate) fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

fn number(field: &[u8]) -> u64 {
    if field[0] & 0x80 != 0 {
        let rest =
            field[1..].iter().fold(u64::from(field[0] & 0x7f), |all, byte| all << 8 | u64::from(*byte));
        return rest;
    }
    let digits = field.iter().filter(|byte| (b'0'..=b'7').contains(*byte));
    digits.fold(0, |all, digit| all << 3 | u64::from(digit - b'0'))
}

fn put_number(field: &mut [u8], value: u64) {
    let digits = field.len() - 1;
    let mut rest = value;
    if value >> (3 * digits) == 0 {
        for at in (0..digits).rev() {
            field[at] = b'0' + (rest & 7) as u8;
            rest >>= 3;
        }
        field[digits] = 0;
        return;
    }
    for place in field.iter_mut().rev() {
        *place = rest as u8;
        rest >>= 8;
    }
    field[0] |= 0x80;
}

fn put_text(field: &mut [u8], text: &[u8]) {
    let length = text.len().min(field.len());
    field[..length].copy_from_slice(&text[..length]);
}

/// Returns the sum of all bytes, with the sum's own field counted as spaces.
fn sum(block: &[u8; BLOCK]) -> u64 {
    let byte = |(at, byte): (usize, &u8)| if (148..156).contains(&at) { 32 } else { u64::from(*byte) };
    block.iter().enumerate().map(byte).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn headers_are_read_as_they_were_written(
            size in any::<u64>().prop_map(|size| size >> 1),
            mode in 0..0o10000_u64,
            owner in 0..u64::from(u32::MAX),
            mtime in 0..1_u64 << 40,
            name_ in "[a-z/]{1,100}",
            link_ in "[a-z/]{0,100}",
        ) {
            let header = Header { kind: kind::SYMLINK, mode, uid: owner, gid: owner / 2, size, mtime };
            let mut block = [7; BLOCK];
            header.write(name_.as_bytes(), link_.as_bytes(), &mut block);
            prop_assert_eq!(Header::parse(&block), Some(header));
            prop_assert_eq!((name(&block), link(&block)), (name_.as_bytes(), link_.as_bytes()));
            block[0] ^= 1;
            prop_assert_eq!(Header::parse(&block), None);
            prop_assert_eq!((size % (1 << 40) + padding(size % (1 << 40)) as u64) % BLOCK as u64, 0);
        }
    }
}
