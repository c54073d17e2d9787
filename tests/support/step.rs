//! The steps towards a container: system calls on prepared data, no allocation, no locks.

use std::ffi::CString;
use std::os::fd::RawFd;
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
    /// `no_new_privs`
    NoNewPrivs,
    /// A filter under which some calls fail.
    Without(Vec<libc::sock_filter>),
    /// A listener of the runtime's own, beside which the kernel allows no other.
    Listener,
}

impl Step {
    /// Calls by number fail with this errno, everything else passes.
    pub fn without(numbers: &[libc::c_long], errno: i32) -> Self {
        let statement = |code: u32, k: u32, jt, jf| libc::sock_filter {
            code: u16::try_from(code).unwrap(),
            jt,
            jf,
            k,
        };
        let load = statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0);
        let give = |value| statement(libc::BPF_RET | libc::BPF_K, value, 0, 0);
        let refuse = |number: &libc::c_long| {
            let equal = statement(
                libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
                u32::try_from(*number).unwrap(),
                0,
                1,
            );
            [equal, give(libc::SECCOMP_RET_ERRNO | errno.unsigned_abs())]
        };
        let refusals = numbers.iter().flat_map(refuse);
        let allow = give(libc::SECCOMP_RET_ALLOW);
        Self::Without([load].into_iter().chain(refusals).chain([allow]).collect())
    }

    /// ptrace(2) fails for everybody who is there, as a security module has it, and not for who is not.
    pub fn without_tracing() -> Self {
        let statement = |code: u32, k: u32, jt, jf| libc::sock_filter {
            code: u16::try_from(code).unwrap(),
            jt,
            jf,
            k,
        };
        let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset, 0, 0);
        let equals = |value, jt, jf| {
            let test = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
            statement(test, value, jt, jf)
        };
        let give = |value| statement(libc::BPF_RET | libc::BPF_K, value, 0, 0);
        let (number, process) = (0, 24);
        Self::Without(vec![
            load(number),
            // Any other call is allowed.
            equals(u32::try_from(libc::SYS_ptrace).unwrap(), 0, 2),
            load(process),
            equals(i32::MAX.unsigned_abs(), 0, 1),
            give(libc::SECCOMP_RET_ALLOW),
            give(libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs()),
        ])
    }

    /// System calls only: no allocation, no locks.
    pub fn take(&self) -> Result<(), ()> {
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
                close_on_exec();
                Ok(())
            }
            Self::Terminal => terminal(),
            Self::Drop(capability) => {
                // SAFETY: two numbers.
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

fn narrow(result: libc::c_long) -> Result<(), ()> {
    if result == -1 { Err(()) } else { Ok(()) }
}

/// Before 5.11 each descriptor by itself.
fn close_on_exec() {
    let flag = libc::CLOSE_RANGE_CLOEXEC;
    // SAFETY: three numbers.
    let result = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, flag) };
    if result == 0 {
        return;
    }
    for descriptor in 3..1024 {
        // SAFETY: three numbers; what is not open stays so.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

fn become_root(root: &CString) -> Result<(), ()> {
    // SAFETY: a C string.
    done(unsafe { libc::chdir(root.as_ptr()) })?;
    let here = c".".as_ptr();
    // SAFETY: two C strings. The same directory twice stacks the old root over the new one (pivot_root(2)).
    let pivoted = unsafe { libc::syscall(libc::SYS_pivot_root, here, here) };
    narrow(pivoted)?;
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
    let set = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    narrow(set)?;
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
