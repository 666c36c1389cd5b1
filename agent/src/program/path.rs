//! A path that grows and shrinks, with a NUL at its end. Makes no system calls.

/// The longest path that the kernel takes, its NUL included, in bytes.
pub(crate) const LONGEST: usize = 4096;

/// A path in a buffer of its own.
pub(crate) struct Path {
    bytes: [u8; LONGEST],
    /// The length without the NUL.
    length: usize,
}

impl Path {
    /// Creates a path. Returns `None` if it is too long, or contains a NUL.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        let mut path = Self { bytes: [0; LONGEST], length: 0 };
        path.append(text).then_some(path)
    }

    /// Creates the path of an archive's entry below the root.
    pub(crate) fn of_entry(name: &[u8]) -> Option<Self> {
        let mut path = Self::new(b"/")?;
        let end = name.iter().rposition(|byte| *byte != b'/').map_or(0, |at| at + 1);
        path.append(&name[..end]).then_some(path)
    }

    /// Appends text. Returns `false`, and changes nothing, if the path gets too long, or the text contains a NUL.
    pub(crate) fn append(&mut self, text: &[u8]) -> bool {
        let end = self.length + text.len();
        if end >= LONGEST || text.contains(&0) {
            return false;
        }
        self.bytes[self.length..end].copy_from_slice(text);
        self.bytes[end] = 0;
        self.length = end;
        true
    }

    /// Shortens the path to an earlier length.
    pub(crate) fn truncate(&mut self, length: usize) {
        self.length = length.min(self.length);
        self.bytes[self.length] = 0;
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// Returns the path without its NUL.
    pub(crate) fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Returns the path with its NUL.
    pub(crate) fn terminated(&self) -> &[u8] {
        &self.bytes[..=self.length]
    }

    /// Calls `act` with each directory above the path except the root, the outermost first, until it returns an error.
    pub(crate) fn each_parent(&mut self, mut act: impl FnMut(&[u8]) -> Result<(), i32>) -> Result<(), i32> {
        for at in 1..self.length {
            if self.bytes[at] == b'/' && self.bytes[at - 1] != b'/' {
                self.bytes[at] = 0;
                let acted = act(&self.bytes[..=at]);
                self.bytes[at] = b'/';
                acted?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_below_the_root() {
        for (name, path) in [(&b"a/b"[..], &b"/a/b"[..]), (b"a/b//", b"/a/b"), (b"", b"/"), (b"/", b"/")] {
            assert_eq!(Path::of_entry(name).unwrap().text(), path);
        }
        assert!(Path::new(&[b'a'; LONGEST]).is_none() && Path::new(b"/a\0b").is_none());
        assert_eq!(Path::new(&[b'a'; LONGEST - 1]).unwrap().terminated().last(), Some(&0));
    }

    #[test]
    fn parents_come_from_the_outermost_inwards() {
        let (mut path, mut parents) = (Path::new(b"/a//b/c").unwrap(), Vec::new());
        path.each_parent(|parent| {
            parents.push(parent.to_vec());
            Ok(())
        })
        .unwrap();
        assert_eq!(parents, [b"/a\0".to_vec(), b"/a//b\0".to_vec()]);
        assert_eq!(path.each_parent(|_| Err(7)), Err(7));
        assert_eq!(path.text(), b"/a//b/c");
        path.truncate(path.len() - 5);
        assert!(path.append(b"/x") && path.text() == b"/a/x");
    }
}
