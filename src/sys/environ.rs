//! The environment that execve(2) put on our stack: read byte for byte, then wiped.

use std::ffi::{CStr, c_char};
use zeroize::Zeroizing;

unsafe extern "C" {
    static mut environ: *const *mut c_char;
}

/// Copies every entry, whatever it contains, and overwrites it where `/proc/PID/environ` shows it.
///
/// Called once, while the process has one thread and before anything reads a variable.
pub fn take() -> Zeroizing<Vec<Vec<u8>>> {
    let mut entries = Zeroizing::new(Vec::new());
    // SAFETY: one thread, so that nobody changes `environ` meanwhile; it is null or an array that a null pointer ends.
    let mut slot = unsafe { environ };
    while let Some(entry) = next(&mut slot) {
        entries.push(copy_and_wipe(entry));
    }
    // SAFETY: a null `environ` is an empty environment (environ(7)); one thread, as above.
    unsafe { environ = std::ptr::null() };
    entries
}

fn next(slot: &mut *const *mut c_char) -> Option<*mut c_char> {
    if slot.is_null() {
        return None;
    }
    // SAFETY: not null and not past the null pointer that ends the array, where the walk stops.
    let entry = unsafe { **slot };
    if entry.is_null() {
        return None;
    }
    // SAFETY: the entry was not the last slot, so that there is a next one.
    *slot = unsafe { slot.add(1) };
    Some(entry)
}

fn copy_and_wipe(entry: *mut c_char) -> Vec<u8> {
    // SAFETY: the kernel ends every entry with a NUL, in writable memory of our stack.
    let bytes = unsafe { CStr::from_ptr(entry) }.to_bytes().to_vec();
    // SAFETY: these bytes were just read; nothing else refers to them, since `take` runs before any reader.
    unsafe { std::ptr::write_bytes(entry, 0, bytes.len()) };
    bytes
}
