//! Signals: blocked first, read from one descriptor, given back to the child.

use super::cvt;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// The kernel's signal set: one bit a signal. The C library's own would leave out the signals that it keeps
/// for its threads, and those would then end a PID that is not 1.
type Mask = u64;
const ALL: Mask = Mask::MAX;

/// Every signal is blocked; holds the mask from before.
#[derive(Debug)]
pub struct Blocked {
    original: Mask,
}

impl Blocked {
    /// Blocks every signal, so that none is lost or acted on before there is somebody to read it.
    pub fn all() -> io::Result<Self> {
        Ok(Self {
            original: set_mask(ALL)?,
        })
    }

    /// The mask from before, and SIGPIPE as a new program expects it (the Rust runtime ignores it); async-signal-safe.
    pub fn restore(&self) -> io::Result<()> {
        // SAFETY: SIG_DFL runs no code of ours.
        if unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
        set_mask(self.original)?;
        Ok(())
    }
}

/// `rt_sigprocmask(2)` with `SIG_SETMASK`; the mask from before.
fn set_mask(mask: Mask) -> io::Result<Mask> {
    let mut old: Mask = 0;
    let (set, previous, size) = (&raw const mask, &raw mut old, size_of::<Mask>());
    // SAFETY: two live masks of the size given.
    cvt(unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            set,
            previous,
            size,
        )
    })?;
    Ok(old)
}

/// One signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub signal: i32,
    /// Its sender in our pid namespace; 0 for the kernel and for senders outside.
    pub sender: i32,
}

/// Every blocked signal, to be read one by one (signalfd(2)); close-on-exec, non-blocking.
#[derive(Debug)]
pub struct Signals(OwnedFd);

impl Signals {
    /// Opens the descriptor; the signals must be blocked.
    pub fn open(_blocked: &Blocked) -> io::Result<Self> {
        let mask = ALL;
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        // SAFETY: a live mask of the size given; −1 asks for a new descriptor.
        let fd = cvt(unsafe {
            libc::syscall(
                libc::SYS_signalfd4,
                -1,
                &raw const mask,
                size_of::<Mask>(),
                flags,
            )
        })?;
        let fd = RawFd::try_from(fd).map_err(io::Error::other)?;
        // SAFETY: the call just made it and nobody else owns it.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next signal, if one is pending.
    pub fn next(&self) -> io::Result<Option<Arrived>> {
        let mut info = MaybeUninit::<libc::signalfd_siginfo>::uninit();
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the buffer is as large as the size says.
        match cvt(unsafe { libc::read(self.0.as_raw_fd(), info.as_mut_ptr().cast(), size) }) {
            Ok(_) => {
                // SAFETY: signalfd(2) reads whole records only.
                let info = unsafe { info.assume_init() };
                Ok(Some(Arrived {
                    signal: info.ssi_signo.cast_signed(),
                    sender: info.ssi_pid.cast_signed(),
                }))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
