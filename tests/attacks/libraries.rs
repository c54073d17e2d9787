//! Code that is loaded from where the image shipped none.

use super::{Result, call};
use std::fs::{self, File};
use std::os::fd::{AsRawFd, FromRawFd};

/// What a loader does with the code of a library.
fn map(file: &File) -> Result {
    let descriptor = usize::try_from(file.as_raw_fd()).unwrap();
    let executable = usize::try_from(libc::PROT_READ | libc::PROT_EXEC).unwrap();
    let private = usize::try_from(libc::MAP_PRIVATE).unwrap();
    let number = libc::SYS_mmap;
    call(number, [0, 4096, executable, private, descriptor, 0]).map(drop)
}

/// As a web shell leaves it behind.
pub(crate) fn written() -> Result {
    fs::copy("/attack", "/tmp/library.so")?;
    map(&File::open("/tmp/library.so")?)
}

/// In no directory.
pub(crate) fn in_memory() -> Result {
    let fd = call(libc::SYS_memfd_create, [c"library".as_ptr() as usize, 0])?;
    let file = unsafe { File::from_raw_fd(i32::try_from(fd).unwrap()) };
    fs::copy("/attack", format!("/proc/self/fd/{fd}"))?;
    map(&file)
}

/// The upper halves of the registers mean nothing to the kernel, and must mean nothing to a filter.
pub(crate) fn by_high_bits() -> Result {
    fs::copy("/attack", "/tmp/library.so")?;
    let file = File::open("/tmp/library.so")?;
    let descriptor = usize::try_from(file.as_raw_fd()).unwrap();
    let high = 1 << 32;
    let executable = usize::try_from(libc::PROT_READ | libc::PROT_EXEC).unwrap();
    let private = usize::try_from(libc::MAP_PRIVATE).unwrap();
    let number = libc::SYS_mmap;
    call(number, [0, 4096, executable, private, descriptor | high, 0]).map(drop)
}
