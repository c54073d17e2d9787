//! seccomp(2) and `seccomp_unotify`(2): load a filter, answer what it holds.

use super::{check, cvt};
use libc::{c_ulong, sock_filter};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

/// Whether the kernel knows a filter action (`SECCOMP_RET_…`); asked without a filter.
pub fn is_available(action: u32) -> bool {
    // SAFETY: the kernel reads four bytes behind the pointer, which live until it returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            &raw const action,
        )
    };
    result == 0
}

/// Puts the calling thread under a filter for good. It needs `no_new_privs`; async-signal-safe.
pub fn load(program: &[sock_filter]) -> io::Result<()> {
    set_filter(program, 0).map(drop)
}

/// As [`load`], and returns the close-on-exec listener that answers what the filter holds.
///
/// EBUSY means that a filter above ours already has a listener: there is one for
/// each process tree.
///
/// `WAIT_KILLABLE_RECV` (5.19) keeps a held call deaf to all but fatal signals
/// once we have seen it, so that Go's preemption signal, every 10 ms, does not
/// restart it and report it twice. That is right as long as every answer is
/// immediate; a listener that waits on the application's behalf (`killable` is
/// false) must not ask for it. `SPEC_ALLOW` is not asked for: kernels before 5.16 would then leave
/// the application without the speculation mitigations that a filter brings.
pub fn load_with_listener(program: &[sock_filter], killable: bool) -> io::Result<RawFd> {
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if !killable {
        return set_filter(program, listener);
    }
    let killable = listener | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    match set_filter(program, killable) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set_filter(program, listener),
        result => result,
    }
}

fn set_filter(program: &[sock_filter], flags: c_ulong) -> io::Result<RawFd> {
    let len =
        u16::try_from(program.len()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let program = libc::sock_fprog {
        len,
        filter: program.as_ptr().cast_mut(),
    };
    // SAFETY: the kernel copies `len` instructions out of the slice, which outlives the call,
    // and writes nothing back.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const program,
        )
    };
    check(result).map(|descriptor| RawFd::try_from(descriptor).unwrap_or(-1))
}

/// Room behind the kernel's structures, should a later kernel's be longer.
const SPARE: usize = 256;

/// Whether the listener's structures of this kernel fit our buffers.
pub fn notification_fits() -> bool {
    let mut sizes = libc::seccomp_notif_sizes {
        seccomp_notif: 0,
        seccomp_notif_resp: 0,
        seccomp_data: 0,
    };
    // SAFETY: the kernel writes three numbers to the structure, which lives until it returns.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_NOTIF_SIZES,
            0,
            &raw mut sizes,
        )
    };
    result == 0
        && usize::from(sizes.seccomp_notif) <= size_of::<Received>()
        && usize::from(sizes.seccomp_notif_resp) <= size_of::<Sent>()
}

/// A call that the filter holds.
#[derive(Clone, Copy, Debug)]
pub struct Notification {
    /// Names it in the answer.
    pub id: u64,
    /// The thread, in our pid namespace; never 0.
    pub pid: i32,
    /// The call's number.
    pub number: i64,
    /// Its registers. What they point at can change at any time.
    pub arguments: [u64; 6],
}

/// The answer to a held call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It fails with this errno; 0 is success without effect.
    Errno(i32),
    /// It returns this value without having been made.
    Value(i64),
    /// It is made after all. Right only where nothing that a pointer leads to was decided on.
    Continue,
}

#[repr(C)]
struct Received {
    head: libc::seccomp_notif,
    spare: [u8; SPARE],
}

#[repr(C)]
struct Sent {
    head: libc::seccomp_notif_resp,
    spare: [u8; SPARE],
}

/// Takes the next held call; waits for one unless poll(2) said that it is there.
/// ENOENT: the caller was killed or interrupted meanwhile; take the next.
/// A caller outside our pid namespace is ESRCH: nothing about it could be checked.
pub fn receive(listener: BorrowedFd<'_>) -> io::Result<Notification> {
    // SAFETY: integers and arrays of integers, for which all zeroes is a value; the kernel demands zeroes.
    let mut received: Received = unsafe { std::mem::zeroed() };
    ioctl(
        listener,
        libc::SECCOMP_IOCTL_NOTIF_RECV,
        (&raw mut received).cast(),
    )?;
    let head = &received.head;
    match i32::try_from(head.pid) {
        Ok(pid) if pid > 0 => Ok(Notification {
            id: head.id,
            pid,
            number: i64::from(head.data.nr),
            arguments: head.data.args,
        }),
        _ => {
            send(listener, head.id, Answer::Errno(libc::EPERM))?;
            Err(io::Error::from_raw_os_error(libc::ESRCH))
        }
    }
}

/// Answers a held call. ENOENT: there is nobody left to answer.
pub fn send(listener: BorrowedFd<'_>, id: u64, answer: Answer) -> io::Result<()> {
    // SAFETY: integers and arrays of integers, for which all zeroes is a value.
    let mut sent: Sent = unsafe { std::mem::zeroed() };
    sent.head.id = id;
    match answer {
        Answer::Errno(errno) => sent.head.error = -errno,
        Answer::Value(value) => sent.head.val = value,
        Answer::Continue => sent.head.flags = CONTINUE,
    }
    ioctl(
        listener,
        libc::SECCOMP_IOCTL_NOTIF_SEND,
        (&raw mut sent).cast(),
    )
}

/// Gives the caller a copy of one of our descriptors and lets it go on with the number; its number there.
///
/// With `SECCOMP_ADDFD_FLAG_SEND` (5.14) adding and answering are one step; without it a signal in between leaves
/// the caller with a descriptor that it does not know of.
pub fn add_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    descriptor: BorrowedFd<'_>,
    close_on_exec: bool,
) -> io::Result<i32> {
    match add(listener, id, descriptor, close_on_exec, ADDFD_FLAG_SEND) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {}
        result => return result,
    }
    let number = add(listener, id, descriptor, close_on_exec, 0)?;
    send(listener, id, Answer::Value(number.into()))?;
    Ok(number)
}

/// The same, but the last end of it here is closed before the caller goes on: nobody sees it open after the caller has
/// closed its own. One more switch to the caller and back.
///
/// A signal in between finds a caller deaf to it from 5.19 on (see [`load_with_listener`]).
pub fn move_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    descriptor: OwnedFd,
    close_on_exec: bool,
) -> io::Result<i32> {
    let number = add(listener, id, descriptor.as_fd(), close_on_exec, 0)?;
    drop(descriptor);
    send(listener, id, Answer::Value(number.into()))?;
    Ok(number)
}

/// `SECCOMP_ADDFD_FLAG_SEND`
const ADDFD_FLAG_SEND: u32 = 2;
/// `SECCOMP_IOCTL_NOTIF_ADDFD`: `_IOW('!', 3, struct seccomp_notif_addfd)`
const NOTIF_ADDFD: libc::Ioctl = 0x4018_2103;

/// `struct seccomp_notif_addfd` (`seccomp_unotify`(2)).
#[repr(C)]
struct AddFd {
    id: u64,
    flags: u32,
    source: u32,
    target: u32,
    target_flags: u32,
}

fn add(
    listener: BorrowedFd<'_>,
    id: u64,
    descriptor: BorrowedFd<'_>,
    close_on_exec: bool,
    flags: u32,
) -> io::Result<i32> {
    let flag = if close_on_exec { libc::O_CLOEXEC } else { 0 };
    let request = AddFd {
        id,
        flags,
        source: descriptor.as_raw_fd().cast_unsigned(),
        target: 0,
        target_flags: flag.cast_unsigned(),
    };
    // SAFETY: a complete structure of the size that the request's number names, alive until the call returns.
    let result = unsafe {
        libc::ioctl(
            listener.as_raw_fd(),
            NOTIF_ADDFD,
            std::ptr::from_ref(&request),
        )
    };
    cvt(result)
}

/// Lets the caller's processor run us at once (`SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, 6.6); older kernels say EINVAL.
pub fn wake_on_same_processor(listener: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the request takes a number.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), NOTIF_SET_FLAGS, 1_u64) };
    cvt(result).map(drop)
}

/// `SECCOMP_IOCTL_NOTIF_SET_FLAGS`: `_IOW('!', 4, __u64)`
const NOTIF_SET_FLAGS: libc::Ioctl = 0x4008_2104;

/// `SECCOMP_USER_NOTIF_FLAG_CONTINUE`, in the width of its field.
const CONTINUE: u32 = 1;

/// Whether the call is still held: to be asked after every look at the caller's
/// `/proc` entry or memory, before what was seen is believed.
pub fn is_valid(listener: BorrowedFd<'_>, id: u64) -> bool {
    let mut id = id;
    ioctl(
        listener,
        libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
        (&raw mut id).cast(),
    )
    .is_ok()
}

fn ioctl(listener: BorrowedFd<'_>, request: libc::Ioctl, at: *mut libc::c_void) -> io::Result<()> {
    // SAFETY: each caller passes a zeroed or complete structure at least as long as the kernel's
    // (`notification_fits`), which lives until the call returns.
    let result = unsafe { libc::ioctl(listener.as_raw_fd(), request, at) };
    check(result.into()).map(drop)
}
