//! User and group ids of the calling thread, by the raw calls: the C library's wrappers change every
//! thread, which is wrong in a child that shares nothing and for the borrowing of ids by one thread.

use super::{caps, cvt};
use std::io;
use std::sync::OnceLock;

/// The real, effective and saved ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triple {
    /// Real.
    pub real: u32,
    /// Effective.
    pub effective: u32,
    /// Saved.
    pub saved: u32,
}

impl Triple {
    /// Whether all three are this id.
    pub const fn all(&self, id: u32) -> bool {
        self.real == id && self.effective == id && self.saved == id
    }
}

/// getresuid(2)
pub fn uids() -> io::Result<Triple> {
    triple(libc::SYS_getresuid)
}

/// getresgid(2)
pub fn gids() -> io::Result<Triple> {
    triple(libc::SYS_getresgid)
}

fn triple(call: libc::c_long) -> io::Result<Triple> {
    let mut ids = [0_u32; 3];
    let [real, effective, saved] = ids.each_mut().map(std::ptr::from_mut);
    // SAFETY: three pointers to live u32, which is what the kernel writes.
    cvt(unsafe { libc::syscall(call, real, effective, saved) })?;
    let [real, effective, saved] = ids;
    Ok(Triple {
        real,
        effective,
        saved,
    })
}

/// setresuid(2) with the same id three times.
pub fn set_uid(uid: u32) -> io::Result<()> {
    // SAFETY: three numbers.
    cvt(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })?;
    Ok(())
}

/// setresgid(2) with the same id three times.
pub fn set_gid(gid: u32) -> io::Result<()> {
    // SAFETY: three numbers.
    cvt(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })?;
    Ok(())
}

/// setgroups(2)
pub fn set_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: a slice of u32 and its length.
    cvt(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    Ok(())
}

/// getgroups(2)
pub fn groups() -> io::Result<Vec<u32>> {
    // SAFETY: size 0 asks for the number and writes nothing.
    let count = cvt(unsafe { libc::syscall(libc::SYS_getgroups, 0, std::ptr::null_mut::<u32>()) })?;
    let mut groups = vec![0_u32; usize::try_from(count).unwrap_or(0)];
    // SAFETY: the slice has as many elements as its length says.
    let count =
        cvt(unsafe { libc::syscall(libc::SYS_getgroups, groups.len(), groups.as_mut_ptr()) })?;
    groups.truncate(usize::try_from(count).unwrap_or(0));
    Ok(groups)
}

/// Whether the supplementary groups are these, in any order; async-signal-safe. Of more than 64 only the number
/// is compared, as there is no memory for them.
pub fn groups_are(expected: &[u32]) -> io::Result<bool> {
    let mut held = [0_u32; 64];
    if expected.len() > held.len() {
        // SAFETY: size 0 asks for the number and writes nothing.
        let count =
            cvt(unsafe { libc::syscall(libc::SYS_getgroups, 0, std::ptr::null_mut::<u32>()) })?;
        return Ok(usize::try_from(count) == Ok(expected.len()));
    }
    // SAFETY: the array has as many elements as its length says; EINVAL if the kernel has more.
    let count = cvt(unsafe { libc::syscall(libc::SYS_getgroups, held.len(), held.as_mut_ptr()) })?;
    let held = held
        .get(..usize::try_from(count).unwrap_or(0))
        .unwrap_or_default();
    Ok(held.len() == expected.len() && expected.iter().all(|group| held.contains(group)))
}

/// The file-system ids of the calling thread, which decide on files and on who may be looked into; the others,
/// which decide on who may send us signals, stay.
pub fn become_filesystem_user(uid: u32, gid: u32) -> io::Result<()> {
    set_filesystem(libc::SYS_setfsgid, gid)?;
    set_filesystem(libc::SYS_setfsuid, uid)?;
    Ok(())
}

/// The user and group that files are opened as, and the supplementary groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesystemUser {
    /// fsuid
    pub uid: u32,
    /// fsgid
    pub gid: u32,
    /// In the kernel's order, which is ascending.
    pub groups: Vec<u32>,
}

impl FilesystemUser {
    /// Who the calling thread is.
    pub fn current() -> io::Result<Self> {
        Ok(Self {
            uid: filesystem(libc::SYS_setfsuid)?,
            gid: filesystem(libc::SYS_setfsgid)?,
            groups: groups()?,
        })
    }

    /// Runs `work` as this user; needs `CAP_SETUID` and `CAP_SETGID`. `None`: the kernel does not let us; an error: we
    /// are no longer who we were.
    ///
    /// A change from or to uid 0 changes the effective capabilities as well, so that they are put back.
    pub fn act<T>(&self, work: impl FnOnce() -> T) -> io::Result<Option<T>> {
        let (before, held) = (Self::current()?, caps::get()?);
        let result = self.become_this().ok().map(|()| work());
        caps::set(held)?;
        before.become_this()?;
        caps::set(held)?;
        Ok(result)
    }

    fn become_this(&self) -> io::Result<()> {
        set_groups(&self.groups)?;
        become_filesystem_user(self.uid, self.gid)
    }
}

/// Another user, whom ptrace(2) can take us for.
#[derive(Debug)]
pub struct RealUser {
    uid: u32,
    /// Our own real user, whom nobody changes for good once we supervise.
    ours: OnceLock<u32>,
}

impl RealUser {
    /// By the id.
    pub const fn new(uid: u32) -> Self {
        Self {
            uid,
            ours: OnceLock::new(),
        }
    }

    /// Whether the calling thread opens files as this user.
    pub fn opens_files(&self) -> bool {
        filesystem_user().is_ok_and(|now| now == self.uid)
    }

    /// Runs `work` with the real user id of this user; ptrace asks for the real group as well (see [`set_real_group`]).
    ///
    /// Meanwhile that user's processes may send us signals, which is why it is not for good. An error: nothing has
    /// changed, and nothing was done.
    pub fn act<T>(&self, work: impl FnOnce() -> T) -> io::Result<T> {
        let real = self.ours()?;
        // We may be acting for yet another user just now.
        let files = filesystem_user()?;
        set_real(libc::SYS_setresuid, self.uid)?;
        let result = work();
        let back = set_real(libc::SYS_setresuid, real)
            .and_then(|()| set_filesystem(libc::SYS_setfsuid, files));
        if back.is_err() {
            // What is opened for the application from now on would be opened with our rights.
            std::process::abort();
        }
        Ok(result)
    }

    /// Asked for once: every execve comes by here.
    fn ours(&self) -> io::Result<u32> {
        if let Some(ours) = self.ours.get() {
            return Ok(*ours);
        }
        let ours = uids()?.real;
        Ok(*self.ours.get_or_init(|| ours))
    }
}

/// The user that the calling thread opens files as.
pub fn filesystem_user() -> io::Result<u32> {
    filesystem(libc::SYS_setfsuid)
}

/// The real group alone, which decides on nobody who could reach us: signals, priorities and limits go by the user. The
/// kernel makes the file-system group the effective one again.
pub fn set_real_group(gid: u32) -> io::Result<()> {
    set_real(libc::SYS_setresgid, gid)
}

/// Runs `work` with this effective group, which decides on who may send echo requests (icmp(7)).
pub fn with_group<T>(gid: u32, work: impl FnOnce() -> T) -> io::Result<T> {
    let (before, files) = (gids()?.effective, filesystem(libc::SYS_setfsgid)?);
    set_effective_group(gid)?;
    let result = work();
    set_effective_group(before)?;
    set_filesystem(libc::SYS_setfsgid, files)?;
    Ok(result)
}

/// The effective id alone; the kernel then makes the file-system id the same.
fn set_effective_group(gid: u32) -> io::Result<()> {
    // SAFETY: three numbers; −1 leaves an id as it is.
    cvt(unsafe { libc::syscall(libc::SYS_setresgid, u32::MAX, gid, u32::MAX) })?;
    Ok(())
}

/// The real id alone; the kernel then makes the file-system id the effective one again.
fn set_real(call: libc::c_long, id: u32) -> io::Result<()> {
    // SAFETY: three numbers; −1 leaves an id as it is.
    cvt(unsafe { libc::syscall(call, id, u32::MAX, u32::MAX) })?;
    Ok(())
}

/// setfsuid(2) returns the previous id and no error, so that the id is read back to see that it took.
fn set_filesystem(call: libc::c_long, id: u32) -> io::Result<()> {
    // SAFETY: one number; the result is the previous id.
    unsafe { libc::syscall(call, id) };
    if filesystem(call)? == id {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::EPERM))
    }
}

fn filesystem(call: libc::c_long) -> io::Result<u32> {
    // SAFETY: −1 is no valid id: nothing changes and the present one comes back.
    let now = unsafe { libc::syscall(call, u32::MAX) };
    u32::try_from(now).map_err(|_| io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_borrowed_real_user_leaves_the_file_system_user_as_it_was_whoever_that_is() {
        let before = (uids().unwrap(), filesystem_user().unwrap());
        let borrowed = RealUser::new(54321);
        for other in [12345, before.1] {
            let user = FilesystemUser {
                uid: other,
                ..FilesystemUser::current().unwrap()
            };
            let seen = user.act(|| {
                let real = borrowed.act(|| uids().unwrap().real).unwrap();
                (real, filesystem_user().unwrap())
            });
            assert_eq!(seen.unwrap(), Some((54321, other)));
            assert_eq!((uids().unwrap(), filesystem_user().unwrap()), before);
        }
    }
}
