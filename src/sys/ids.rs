//! User and group ids of the calling thread, by the raw calls: the C library's wrappers change every
//! thread, which is wrong in a child that shares nothing and for the borrowing of ids by one thread.

use super::cvt;
use std::io;

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

/// Runs `work` with the file-system ids of another user, so that it may look into that user's /proc files.
///
/// setfsuid(2) returns the previous id and no error, so that the ids are read back to see that they took.
pub fn as_filesystem_user<T>(uid: u32, gid: u32, work: impl FnOnce() -> T) -> io::Result<T> {
    let group_before = set_filesystem(libc::SYS_setfsgid, gid)?;
    let user_before = match set_filesystem(libc::SYS_setfsuid, uid) {
        Ok(was) => was,
        Err(error) => {
            set_filesystem(libc::SYS_setfsgid, group_before)?;
            return Err(error);
        }
    };
    let result = work();
    set_filesystem(libc::SYS_setfsuid, user_before)?;
    set_filesystem(libc::SYS_setfsgid, group_before)?;
    Ok(result)
}

fn set_filesystem(call: libc::c_long, id: u32) -> io::Result<u32> {
    // SAFETY: one number; the result is the previous id.
    let was = unsafe { libc::syscall(call, id) };
    // SAFETY: −1 is no valid id: nothing changes and the present one comes back.
    let now = unsafe { libc::syscall(call, u32::MAX) };
    if now == i64::from(id) {
        u32::try_from(was).map_err(|_| io::ErrorKind::InvalidData.into())
    } else {
        Err(io::Error::from_raw_os_error(libc::EPERM))
    }
}
