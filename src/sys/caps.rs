//! Capability sets of the calling thread, as bit masks (capabilities(7)).

use super::cvt;
use std::io;

/// `CAP_KILL`
pub const KILL: u8 = 5;
/// `CAP_SETGID`
pub const SETGID: u8 = 6;
/// `CAP_SETUID`
pub const SETUID: u8 = 7;
/// `CAP_SETPCAP`
pub const SETPCAP: u8 = 8;
/// `CAP_NET_RAW`
pub const NET_RAW: u8 = 13;
/// `CAP_SYS_CHROOT`
pub const SYS_CHROOT: u8 = 18;
/// `CAP_SYS_PTRACE`
pub const SYS_PTRACE: u8 = 19;
/// `CAP_SYS_ADMIN`
pub const SYS_ADMIN: u8 = 21;
/// `CAP_CHOWN`
pub const CHOWN: u8 = 0;

/// `_LINUX_CAPABILITY_VERSION_3`: 64 bits in two halves.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Effective, permitted and inheritable set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    /// What the kernel checks.
    pub effective: u64,
    /// What may be made effective.
    pub permitted: u64,
    /// What may survive an execve.
    pub inheritable: u64,
}

impl Sets {
    /// The same mask in all three sets, as an ambient capability needs it.
    pub const fn all(mask: u64) -> Self {
        Self {
            effective: mask,
            permitted: mask,
            inheritable: mask,
        }
    }

    /// Whether this capability is effective.
    pub const fn has(&self, capability: u8) -> bool {
        self.effective & bit(capability) != 0
    }
}

/// The mask of one capability.
pub const fn bit(capability: u8) -> u64 {
    1 << capability
}

/// The sets of the calling thread (capget(2)).
pub fn get() -> io::Result<Sets> {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let mut halves = [Half::default(); 2];
    // SAFETY: version 3 makes the kernel write exactly two halves, which is what the array holds.
    cvt(unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) })?;
    let join = |of: fn(&Half) -> u32| u64::from(of(&halves[1])) << 32 | u64::from(of(&halves[0]));
    Ok(Sets {
        effective: join(|h| h.effective),
        permitted: join(|h| h.permitted),
        inheritable: join(|h| h.inheritable),
    })
}

/// Sets the sets of the calling thread (capset(2)).
pub fn set(sets: Sets) -> io::Result<()> {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let half = |shift: u32| Half {
        effective: low(sets.effective >> shift),
        permitted: low(sets.permitted >> shift),
        inheritable: low(sets.inheritable >> shift),
    };
    let halves = [half(0), half(32)];
    // SAFETY: version 3 makes the kernel read exactly two halves, which is what the array holds.
    cvt(unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) })?;
    Ok(())
}

/// Runs `work` with no more effective capabilities than these.
pub fn with_at_most<T>(mask: u64, work: impl FnOnce() -> T) -> io::Result<T> {
    let before = get()?;
    set(Sets {
        effective: before.effective & mask,
        ..before
    })?;
    let result = work();
    set(before)?;
    Ok(result)
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the low half is what is wanted"
)]
const fn low(mask: u64) -> u32 {
    mask as u32
}

/// Empties the bounding set; needs `CAP_SETPCAP`. Async-signal-safe.
///
/// EINVAL is the kernel's word for a number past its last capability.
pub fn bounding_clear() -> io::Result<()> {
    for capability in 0..libc::c_ulong::from(u8::MAX) {
        // SAFETY: PR_CAPBSET_DROP takes a number.
        match cvt(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability) }) {
            Err(error) if capability > 0 && error.raw_os_error() == Some(libc::EINVAL) => break,
            result => drop(result?),
        }
    }
    Ok(())
}

/// Whether the bounding set is empty.
pub fn bounding_is_empty() -> bool {
    // SAFETY: PR_CAPBSET_READ takes a number and returns 0, 1 or, past the last capability, −1.
    let has = |capability: libc::c_ulong| unsafe { libc::prctl(libc::PR_CAPBSET_READ, capability) };
    (0..libc::c_ulong::from(u8::MAX))
        .map(has)
        .take_while(|has| *has >= 0)
        .all(|has| has == 0)
}

/// Empties the ambient set.
pub fn ambient_clear() -> io::Result<()> {
    ambient(libc::PR_CAP_AMBIENT_CLEAR_ALL, 0)
}

/// Adds a capability that is permitted and inheritable to the ambient set.
pub fn ambient_raise(capability: u8) -> io::Result<()> {
    ambient(libc::PR_CAP_AMBIENT_RAISE, capability)
}

fn ambient(operation: i32, capability: u8) -> io::Result<()> {
    let zero: libc::c_ulong = 0;
    let capability = libc::c_ulong::from(capability);
    // SAFETY: PR_CAP_AMBIENT takes numbers, and the unused arguments must be zero.
    cvt(unsafe { libc::prctl(libc::PR_CAP_AMBIENT, operation, capability, zero, zero) })?;
    Ok(())
}

/// Keeps permitted capabilities over the change of uid that follows.
pub fn keep(on: bool) -> io::Result<()> {
    // SAFETY: PR_SET_KEEPCAPS takes a number.
    cvt(unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, libc::c_ulong::from(on)) })?;
    Ok(())
}

/// `SECBIT_NOROOT` and `SECBIT_NO_SETUID_FIXUP`, both locked; uid 0 is then a user like any other.
pub fn lock_securebits() -> io::Result<()> {
    const NOROOT: libc::c_ulong = 0b11;
    const NO_SETUID_FIXUP: libc::c_ulong = 0b1100;
    // SAFETY: PR_SET_SECUREBITS takes a number.
    cvt(unsafe { libc::prctl(libc::PR_SET_SECUREBITS, NOROOT | NO_SETUID_FIXUP) })?;
    Ok(())
}
