//! What is said about a file, and how long it is: changed through the descriptor that the path was resolved to.

use super::asked::{Change, Subject};
use super::refused::Refused;
use super::waiting::Attempt;
use super::work::{Outcome, Work, permits};
use crate::sys::files;
use nix::errno::Errno;
use nix::fcntl::AT_FDCWD;
use nix::sys::stat::{FchmodatFlags, FileStat, Mode, UtimensatFlags, fchmodat, fstat, utimensat};
use nix::unistd::{Gid, Uid, fchownat, ftruncate};
use std::ffi::CString;
use std::os::fd::{AsRawFd, OwnedFd};

/// `CAP_CHOWN`, `CAP_FOWNER`
const OWNERS: [u8; 2] = [0, 3];

impl Work<'_> {
    pub(super) fn change(&self, of: &Subject, what: &Change) -> Result<Outcome, Refused> {
        let file = self.pin(of)?;
        let status = fstat(&file)?;
        self.writes(&file, || self.may_change(&file, &status, what))?;
        if !self.makes() {
            return Ok(Outcome::GoOn);
        }
        if let Change::Length(length) = what {
            return truncate(file, &status, *length);
        }
        apply(&file, &status, what)?;
        Ok(Outcome::Done)
    }

    /// Whether the kernel would let the caller.
    fn may_change(&self, file: &OwnedFd, status: &FileStat, what: &Change) -> Result<(), Refused> {
        if let Change::Length(_) = what {
            return permits(file, libc::W_OK);
        }
        let caller = self.caller()?;
        let owns = status.st_uid == caller.uid() || OWNERS.iter().any(|one| caller.has(*one));
        if owns {
            Ok(())
        } else {
            Err(Errno::EPERM.into())
        }
    }
}

/// By a descriptor, because truncate(2) waits for whoever holds a lease; here it fails then.
fn truncate(file: OwnedFd, status: &FileStat, length: i64) -> Result<Outcome, Refused> {
    match status.st_mode & libc::S_IFMT {
        libc::S_IFREG => {}
        libc::S_IFDIR => return Err(Errno::EISDIR.into()),
        _ => return Err(Errno::EINVAL.into()),
    }
    if length < 0 {
        return Err(Errno::EINVAL.into());
    }
    match Attempt::open(file, libc::O_WRONLY)? {
        Attempt::Opened { file, .. } => {
            ftruncate(&file, length)?;
            Ok(Outcome::Done)
        }
        Attempt::Later(_) => Err(Errno::EWOULDBLOCK.into()),
    }
}

/// By its link in /proc: that leads to the file itself, wherever its names lead by now.
fn apply(file: &OwnedFd, status: &FileStat, what: &Change) -> Result<(), Refused> {
    let link = format!("/proc/self/fd/{}", file.as_raw_fd());
    match what {
        // Links have no mode of their own.
        Change::Mode(_) if status.st_mode & libc::S_IFMT == libc::S_IFLNK => {
            return Err(Errno::EOPNOTSUPP.into());
        }
        Change::Mode(mode) => {
            let mode = Mode::from_bits_retain(mode & 0o7777);
            fchmodat(AT_FDCWD, link.as_str(), mode, FchmodatFlags::FollowSymlink)?;
        }
        Change::Owner(uid, gid) => {
            let (uid, gid) = (Uid::from_raw(*uid), Gid::from_raw(*gid));
            let flags = nix::fcntl::AtFlags::empty();
            fchownat(AT_FDCWD, link.as_str(), Some(uid), Some(gid), flags)?;
        }
        Change::Times(access, change) => {
            utimensat(
                AT_FDCWD,
                link.as_str(),
                access,
                change,
                UtimensatFlags::FollowSymlink,
            )?;
        }
        Change::SetAttribute { name, value, flags } => {
            files::set_attribute(&text(link)?, name, value, *flags)?;
        }
        Change::RemoveAttribute(name) => files::remove_attribute(&text(link)?, name)?,
        Change::Length(_) => {}
    }
    Ok(())
}

fn text(link: String) -> Result<CString, Errno> {
    CString::new(link).map_err(|_| Errno::EINVAL)
}
