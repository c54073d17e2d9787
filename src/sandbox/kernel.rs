//! What this kernel, under this container runtime, has to offer.

use crate::sys;

/// The result of cheap questions to the kernel, asked in our own process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kernel {
    /// Landlock's ABI, if it is there and enabled.
    pub landlock_abi: Option<u32>,
    /// Why Landlock is not there; empty if it is.
    pub landlock_reason: &'static str,
    /// Whether filters can be loaded.
    pub seccomp: bool,
    /// Whether a filter can hold calls for a listener. The runtime may have one
    /// already; only loading tells, so [`super::Sandbox::enter`] falls back.
    pub user_notification: bool,
}

impl Kernel {
    /// Asks the kernel; changes nothing.
    pub fn probe() -> Self {
        let (landlock_abi, landlock_reason) = match sys::landlock::abi() {
            Ok(abi) if abi > 0 => (Some(abi), ""),
            Ok(_) => (None, "the kernel names no Landlock ABI"),
            Err(error) => (None, why_not(error.raw_os_error())),
        };
        let seccomp = sys::seccomp::is_available(libc::SECCOMP_RET_KILL_PROCESS);
        let user_notification = seccomp
            && sys::seccomp::is_available(libc::SECCOMP_RET_USER_NOTIF)
            && sys::seccomp::notification_fits();
        Self {
            landlock_abi,
            landlock_reason,
            seccomp,
            user_notification,
        }
    }
}

const fn why_not(errno: Option<i32>) -> &'static str {
    match errno {
        Some(libc::ENOSYS) => "this kernel has no Landlock (5.13 and later, if built with it)",
        Some(libc::EOPNOTSUPP) => {
            "Landlock is built in but was not enabled when this kernel booted"
        }
        Some(libc::EPERM) => "the container runtime's filter refuses Landlock",
        _ => "Landlock could not be asked for its version",
    }
}
