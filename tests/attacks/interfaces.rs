//! The kernel's other doors: calls with other numbers, which a filter that knows one table does not see.

use super::Result;
use std::io;

/// The 32-bit interface: `kill(getpid(), 0)`, as a call that needs no memory.
#[cfg(target_arch = "x86_64")]
pub(crate) fn int_0x80() -> Result {
    const KILL: i32 = 37;
    let pid = std::process::id();
    let result: i32;
    // rbx cannot be named as an operand.
    unsafe {
        std::arch::asm!(
            "xchg {pid:r}, rbx",
            "int 0x80",
            "xchg {pid:r}, rbx",
            pid = inout(reg) u64::from(pid) => _,
            inout("eax") KILL => result,
            in("ecx") 0,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(-result))
    }
}

/// The same calls with a bit in their number.
#[cfg(target_arch = "x86_64")]
pub(crate) fn x32() -> Result {
    super::call(0x4000_0000 | libc::SYS_getpid, []).map(drop)
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn int_0x80() -> Result {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn x32() -> Result {
    Err(io::Error::from_raw_os_error(libc::ENOSYS))
}
