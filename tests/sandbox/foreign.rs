//! The other doors into the kernel: 32-bit calls and the x32 numbers.

use crate::inside::Envelope;
use crate::{inside, results};
use std::os::unix::process::ExitStatusExt;

/// getpid by the 32-bit interface; negative where the kernel has none.
#[cfg(target_arch = "x86_64")]
fn getpid_by_int80() -> i64 {
    let result: i64;
    // SAFETY: getpid reads and writes no memory; the kernel may clobber r8 to r11.
    unsafe {
        std::arch::asm!("int 0x80", inlateout("rax") 20_i64 => result,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _);
    }
    result
}

#[cfg(not(target_arch = "x86_64"))]
fn getpid_by_int80() -> i64 {
    -1
}

pub fn attempt(how: &str) {
    const GETPID: i64 = 0x4000_0000 + 39;
    match how {
        "bare" => {}
        "answered" => drop(Envelope::new().answering().enter()),
        "x32" => {
            Envelope::new().enter_supervised();
            println!("getpid\t{}", crate::inside::call(GETPID, [0; 6]));
            println!("old\t{}", crate::inside::call(521, [16, 0, 0, 0, 0, 0]));
            return;
        }
        other => panic!("{other}"),
    }
    println!("getpid\t{}", getpid_by_int80());
}

pub fn int80() {
    if cfg!(not(target_arch = "x86_64")) {
        return;
    }
    // A kernel without the 32-bit interface ends a program that uses it by another signal.
    let bare = inside(&["int80", "bare"]);
    assert!(
        bare.status.success() || bare.status.signal() == Some(libc::SIGSEGV),
        "{bare:?}"
    );
    let enforced = inside(&["int80", "answered"]);
    let expected = if bare.status.success() {
        libc::SIGSYS
    } else {
        libc::SIGSEGV
    };
    assert_eq!(enforced.status.signal(), Some(expected), "{enforced:?}");
    assert!(enforced.stdout.is_empty());
}

pub fn x32() {
    if cfg!(not(target_arch = "x86_64")) {
        return;
    }
    let found = results(&["int80", "x32"]);
    let enosys = libc::ENOSYS.to_string();
    assert_eq!((&found["getpid"], &found["old"]), (&enosys, &enosys));
    assert!(found.contains_key("reported:x32:39"), "{found:?}");
    assert!(found.contains_key("reported:x32:521"), "{found:?}");
}
