//! What happens between the clone and the first instruction of PID 1, as a list of steps that was laid out before.
//!
//! The test process has threads, so that the child of the clone may do nothing but system calls on prepared data.

use std::ffi::CString;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, RawFd};
use std::ptr;

/// One step towards a container.
#[derive(Clone, Debug)]
pub enum Step {
    /// mount(2)
    Mount {
        source: CString,
        target: CString,
        kind: CString,
        flags: libc::c_ulong,
        data: CString,
    },
    /// The directory becomes `/`, and what was there before is gone.
    Root(CString),
    /// dup2(2)
    Descriptor { from: RawFd, to: RawFd },
    /// close(2)
    Close(RawFd),
    /// Nothing from 3 on goes further than the program of PID 1.
    CloseOnExec,
    /// Descriptor 0 becomes the controlling terminal of a new session.
    Terminal,
    /// Takes a capability out of the bounding set.
    Drop(u8),
    /// Becomes another user; these capabilities stay, as ambient ones.
    User { uid: u32, gid: u32, ambient: u64 },
    /// no_new_privs
    NoNewPrivs,
    /// A filter under which these calls fail with ENOSYS.
    Without(Vec<libc::sock_filter>),
    /// A listener of the runtime's own, beside which the kernel allows no other.
    Listener,
}

/// The program of PID 1.
#[derive(Debug)]
pub struct Program {
    /// Every argument, the path first.
    pub arguments: Vec<CString>,
    /// Every entry, whatever it contains.
    pub environment: Vec<CString>,
}

/// Starts a program as PID 1 of new pid and mount namespaces; its id out here.
pub fn enter(steps: &[Step], program: &Program) -> io::Result<i32> {
    let argv = pointers(&program.arguments);
    let envp = pointers(&program.environment);
    let (mut told, tell) = io::pipe()?;
    let flags = libc::CLONE_NEWPID | libc::CLONE_NEWNS | libc::SIGCHLD;
    // SAFETY: as fork(2): no stack, no shared memory; the child makes system calls only.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0_u64, 0_u64, 0_u64, 0_u64) };
    match pid {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            let failed = steps
                .iter()
                .position(|step| step.take().is_err())
                .unwrap_or(steps.len());
            if failed == steps.len() {
                execute(&argv, &envp);
            }
            give_up(tell.as_raw_fd(), failed)
        }
        pid => {
            drop(tell);
            let mut failure = [0; 8];
            match told.read(&mut failure)? {
                0 => Ok(i32::try_from(pid).unwrap()),
                _ => Err(failed(steps, failure)),
            }
        }
    }
}

/// The calling thread, and what it starts from now on, get a network without anybody in it.
pub fn own_network() {
    // SAFETY: a number.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNET) };
    assert!(result == 0, "unshare: {}", io::Error::last_os_error());
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings
        .iter()
        .map(|string| string.as_ptr())
        .chain([ptr::null()])
        .collect()
}

fn execute(argv: &[*const libc::c_char], envp: &[*const libc::c_char]) {
    let none = 0_u64;
    let size = size_of::<u64>();
    // SAFETY: a mask of the size given: a container starts with nothing blocked.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_SETMASK,
            &raw const none,
            ptr::null_mut::<u64>(),
            size,
        )
    };
    // The Rust runtime ignores SIGPIPE and posix_spawn(3) the C library's own signals; a container runtime does not.
    let default = [0_u64; 4];
    for signal in 1..=64 {
        // SAFETY: an action of zeros, which is the default; the raw call, as the C library keeps two signals to itself.
        unsafe {
            libc::syscall(
                libc::SYS_rt_sigaction,
                signal,
                default.as_ptr(),
                ptr::null_mut::<u64>(),
                size,
            )
        };
    }
    // SAFETY: numbers; the container ends with the test that started it.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
    // SAFETY: two arrays of C strings that end with a null pointer.
    unsafe { libc::execve(argv[0], argv.as_ptr(), envp.as_ptr()) };
}

fn give_up(tell: RawFd, step: usize) -> ! {
    // SAFETY: points to this thread's errno.
    let errno = unsafe { *libc::__errno_location() };
    let [a, b, c, d] = errno.to_ne_bytes();
    let failure = [u8::try_from(step).unwrap_or(u8::MAX), a, b, c, d, 0, 0, 0];
    // SAFETY: eight readable bytes.
    unsafe { libc::write(tell, failure.as_ptr().cast(), failure.len()) };
    // SAFETY: does not return.
    unsafe { libc::_exit(1) }
}

fn failed(steps: &[Step], [step, a, b, c, d, ..]: [u8; 8]) -> io::Error {
    let errno = io::Error::from_raw_os_error(i32::from_ne_bytes([a, b, c, d]));
    match steps.get(usize::from(step)) {
        Some(step) => io::Error::other(format!("{step:?}: {errno}")),
        None => io::Error::other(format!("execve of PID 1: {errno}")),
    }
}

impl Step {
    /// System calls only: no allocation, no locks.
    fn take(&self) -> Result<(), ()> {
        match self {
            Self::Mount {
                source,
                target,
                kind,
                flags,
                data,
            } => {
                // SAFETY: four C strings.
                done(unsafe {
                    libc::mount(
                        source.as_ptr(),
                        target.as_ptr(),
                        kind.as_ptr(),
                        *flags,
                        data.as_ptr().cast(),
                    )
                })
            }
            Self::Root(root) => become_root(root),
            // SAFETY: two numbers.
            Self::Descriptor { from, to } => done(unsafe { libc::dup2(*from, *to) }),
            // SAFETY: a number; nothing of ours uses it afterwards.
            Self::Close(fd) => done(unsafe { libc::close(*fd) }),
            Self::CloseOnExec => {
                // SAFETY: three numbers.
                let result = unsafe {
                    libc::syscall(
                        libc::SYS_close_range,
                        3,
                        u32::MAX,
                        libc::CLOSE_RANGE_CLOEXEC,
                    )
                };
                done(i32::try_from(result).map_err(drop)?)
            }
            Self::Terminal => terminal(),
            // SAFETY: two numbers.
            Self::Drop(capability) => {
                done(unsafe { libc::prctl(libc::PR_CAPBSET_DROP, u64::from(*capability), 0, 0, 0) })
            }
            Self::User { uid, gid, ambient } => user(*uid, *gid, *ambient),
            // SAFETY: numbers.
            Self::NoNewPrivs => done(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }),
            Self::Without(filter) => install(filter),
            Self::Listener => listen(),
        }
    }
}

fn done(result: libc::c_int) -> Result<(), ()> {
    if result == -1 { Err(()) } else { Ok(()) }
}

fn become_root(root: &CString) -> Result<(), ()> {
    // SAFETY: a C string.
    done(unsafe { libc::chdir(root.as_ptr()) })?;
    // SAFETY: pivot_root(2): the same directory twice stacks the old root over the new one.
    done(
        i32::try_from(unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) })
            .map_err(drop)?,
    )?;
    // SAFETY: a C string; takes the old root away.
    done(unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) })?;
    // SAFETY: a C string.
    done(unsafe { libc::chdir(c"/".as_ptr()) })
}

fn terminal() -> Result<(), ()> {
    // SAFETY: takes nothing.
    done(unsafe { libc::setsid() })?;
    // SAFETY: numbers; 0 is the terminal by now.
    done(unsafe { libc::ioctl(0, libc::TIOCSCTTY, 0) })
}

fn user(uid: u32, gid: u32, ambient: u64) -> Result<(), ()> {
    // SAFETY: a number.
    done(unsafe { libc::prctl(libc::PR_SET_KEEPCAPS, u64::from(ambient != 0), 0, 0, 0) })?;
    // The raw calls: the C library's wrappers would take its locks.
    // SAFETY: one group.
    let groups = unsafe { libc::syscall(libc::SYS_setgroups, 1, &raw const gid) };
    // SAFETY: three numbers.
    let gids = unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) };
    // SAFETY: three numbers.
    let uids = unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) };
    if groups != 0 || gids != 0 || uids != 0 {
        return Err(());
    }
    if ambient == 0 { Ok(()) } else { keep(ambient) }
}

fn keep(ambient: u64) -> Result<(), ()> {
    let [low, high] = [ambient, ambient >> 32]
        .map(|half| u32::try_from(half & u64::from(u32::MAX)).unwrap_or_default());
    let header = [0x2008_0522_u32, 0];
    let sets = [low, low, low, high, high, high];
    // SAFETY: the header and two halves of version 3 of capset(2).
    done(
        i32::try_from(unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) })
            .map_err(drop)?,
    )?;
    (0..64_u64)
        .filter(|number| ambient & 1 << number != 0)
        .try_for_each(|number| {
            // SAFETY: numbers.
            done(unsafe {
                libc::prctl(
                    libc::PR_CAP_AMBIENT,
                    libc::PR_CAP_AMBIENT_RAISE,
                    number,
                    0,
                    0,
                )
            })
        })
}

fn install(filter: &[libc::sock_filter]) -> Result<(), ()> {
    let length = libc::c_ushort::try_from(filter.len()).map_err(drop)?;
    let program = libc::sock_fprog {
        len: length,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: a program of the length given, which the kernel copies.
    done(unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    })
}

/// The listener stays open in PID 1, where nobody reads it; it is told of nothing.
fn listen() -> Result<(), ()> {
    let mut allow = [libc::sock_filter {
        code: 6,
        jt: 0,
        jf: 0,
        k: libc::SECCOMP_RET_ALLOW,
    }];
    let program = libc::sock_fprog {
        len: 1,
        filter: allow.as_mut_ptr(),
    };
    let (set, listener) = (
        libc::SECCOMP_SET_MODE_FILTER,
        libc::SECCOMP_FILTER_FLAG_NEW_LISTENER,
    );
    // SAFETY: a program of the length given, which the kernel copies.
    let fd = unsafe { libc::syscall(libc::SYS_seccomp, set, listener, &raw const program) };
    let fd = i32::try_from(fd).map_err(drop)?;
    // SAFETY: numbers; the descriptor is close-on-exec otherwise.
    done(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) })
}
