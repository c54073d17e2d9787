//! Memory that a child and its parent both see.

use super::cvt;
use std::io;
use std::ptr::NonNull;

/// A value in an anonymous mapping that survives a clone without `CLONE_VM` as the same memory.
///
/// `T` must be made of atomics: both processes use it at the same time.
#[derive(Debug)]
pub struct Shared<T: Sync>(NonNull<T>);

impl<T: Sync> Shared<T> {
    /// Maps a page and puts the value into it.
    pub fn new(value: T) -> io::Result<Self> {
        const { assert!(size_of::<T>() <= 4096, "one page") };
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
        // SAFETY: a new anonymous mapping overlaps nothing.
        let page = unsafe { libc::mmap(std::ptr::null_mut(), 4096, protection, flags, -1, 0) };
        cvt(page as isize)?;
        let page = NonNull::new(page.cast::<T>()).ok_or(io::ErrorKind::OutOfMemory)?;
        // SAFETY: the page is writable, large enough (asserted) and page-aligned.
        unsafe { page.write(value) };
        Ok(Self(page))
    }

    /// The value.
    pub fn get(&self) -> &T {
        // SAFETY: mapped and initialised by `new`, unmapped only by `drop`; `T: Sync` covers the other process.
        unsafe { self.0.as_ref() }
    }
}

impl<T: Sync> Drop for Shared<T> {
    fn drop(&mut self) {
        // SAFETY: `new` mapped exactly this page and no reference outlives `self`.
        let result = unsafe { libc::munmap(self.0.as_ptr().cast(), 4096) };
        debug_assert_eq!(result, 0);
    }
}
