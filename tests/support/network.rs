//! A network of a test's own: its ports are all free, and nobody else listens there.

use std::io;
use std::process::Command;

/// From here on this thread, what it starts and what it connects to are in a network namespace that has loopback only.
#[allow(unsafe_code, reason = "nix is built without unshare")]
pub fn own_network() {
    // SAFETY: a number; concerns the calling thread alone.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    assert!(result == 0, "unshare: {}", io::Error::last_os_error());
    let up = Command::new("ip")
        .args(["link", "set", "lo", "up"])
        .status();
    assert!(up.unwrap().success(), "ip link set lo up");
}
