//! The functions of a C library that the compiler calls: to copy, fill and compare memory.
//!
//! The crate is `no_builtins`, so that the compiler does not turn the loops in them into calls of the same functions.

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    for at in 0..length {
        // SAFETY: the caller guarantees both, up to the length.
        unsafe { *to.add(at) = *from.add(at) };
    }
    to
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, length: usize) -> *mut u8 {
    let backwards = (from as usize) < (to as usize);
    for step in 0..length {
        let at = if backwards { length - 1 - step } else { step };
        // SAFETY: the caller guarantees both, up to the length.
        unsafe { *to.add(at) = *from.add(at) };
    }
    to
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, byte: i32, length: usize) -> *mut u8 {
    for at in 0..length {
        // SAFETY: the caller guarantees it, up to the length.
        unsafe { *to.add(at) = byte as u8 };
    }
    to
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    for at in 0..length {
        // SAFETY: the caller guarantees both, up to the length.
        let (one, other) = unsafe { (*one.add(at), *other.add(at)) };
        if one != other {
            return i32::from(one) - i32::from(other);
        }
    }
    0
}

/// # Safety
/// As C's.
#[unsafe(no_mangle)]
unsafe extern "C" fn bcmp(one: *const u8, other: *const u8, length: usize) -> i32 {
    // SAFETY: the caller guarantees both.
    unsafe { memcmp(one, other, length) }
}
