//! Descriptors 0 to 2 in the hands of another user.
//!
//! The runtime's pipes and terminals belong to root. After the drop, `/dev/stdout` and its like must still open for
//! writing; but whoever can open the pipe behind descriptor 2 for reading could take our reports out of it.

use crate::identity::Identity;
use crate::refusal::{Code, Refusal};
use crate::sys::fd;
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use std::io;
use std::os::fd::BorrowedFd;

/// Gives the application what it needs of 0 to 2 and nothing more; only where it gets another user than ours.
pub fn hand_over(identity: &Identity) -> Result<(), Refusal> {
    if !identity.changes_user() {
        return Ok(());
    }
    (0..=2).try_for_each(|number| {
        give(number, identity).map_err(|error| {
            Refusal::new(
                Code::Privileges,
                "privileges.drop",
                format!("giving descriptor {number} to the application's user: {error}"),
                "give the container CAP_CHOWN and CAP_FOWNER (Docker and Fargate do by default), or set the image's USER",
            )
        })
    })
}

fn give(number: i32, identity: &Identity) -> io::Result<()> {
    let descriptor = fd::standard(number);
    let file = fstat(descriptor)?;
    match SFlag::from_bits_truncate(file.st_mode & SFlag::S_IFMT.bits()) {
        SFlag::S_IFIFO if file.st_uid == 0 => pipe(descriptor, number, identity.gid()),
        SFlag::S_IFCHR if is_terminal(descriptor, &file) => {
            fd::chown(descriptor, Some(identity.uid()), None)
        }
        // A file or a socket cannot be opened anew through /proc without rights of its own; /dev/null needs none.
        _ => Ok(()),
    }
}

/// Root keeps the pipe; the application's group may open its end, and nobody the other one.
fn pipe(descriptor: BorrowedFd<'_>, number: i32, gid: u32) -> io::Result<()> {
    fd::chown(descriptor, None, Some(gid))?;
    let mode = if number == 0 { 0o640 } else { 0o620 };
    fchmod(descriptor, Mode::from_bits_truncate(mode)).map_err(io::Error::from)
}

fn is_terminal(descriptor: BorrowedFd<'_>, file: &FileStat) -> bool {
    file.st_uid == 0 && nix::unistd::isatty(descriptor).unwrap_or(false)
}
