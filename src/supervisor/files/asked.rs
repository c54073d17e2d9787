//! What a held call asks for: its registers, and a copy of everything that they point to.

use super::super::held::Held;
use super::super::memory::Text;
use super::super::resolve::Last;
use super::refused::Refused;
use super::{alike, times};
use nix::errno::Errno;
use nix::sys::time::TimeSpec;
use std::ffi::CString;
use std::os::fd::OwnedFd;

/// A path as the caller means it.
#[derive(Debug)]
pub(super) struct Named {
    /// Where it starts; `None`: it is absolute.
    pub(super) base: Option<OwnedFd>,
    pub(super) path: Vec<u8>,
}

/// What is changed.
#[derive(Debug)]
pub(super) enum Subject {
    Named(Named, Last),
    /// Held by the caller as a descriptor; here as `O_PATH`.
    Descriptor(OwnedFd),
}

/// A file that is made.
#[derive(Debug)]
pub(super) enum Made {
    Directory { mode: u32 },
    Node { mode: u32, device: u64 },
    Link { target: Vec<u8> },
}

/// What is said about a file, or how long it is.
#[derive(Debug)]
pub(super) enum Change {
    Mode(u32),
    Owner(u32, u32),
    Times(TimeSpec, TimeSpec),
    SetAttribute {
        name: CString,
        value: Vec<u8>,
        flags: i32,
    },
    RemoveAttribute(CString),
    Length(i64),
}

/// A call.
#[derive(Debug)]
pub(super) enum Asked {
    Open {
        at: Named,
        flags: i32,
        mode: u32,
    },
    Make {
        at: Named,
        what: Made,
    },
    Remove {
        at: Named,
        directory: bool,
    },
    Link {
        from: Subject,
        to: Named,
    },
    Rename {
        from: Named,
        to: Named,
        flags: u32,
    },
    Change {
        of: Subject,
        what: Change,
    },
    /// Succeeds whatever the path is.
    Nothing,
}

/// `fchmodat2`(2), which not every libc knows.
pub(super) const FCHMODAT2: i64 = 452;
/// The longest name and value of an extended attribute (xattr(7)).
const NAME: usize = 255;
const VALUE: u64 = 65536;

impl Asked {
    /// Reads the call once. The older calls are read as the newer ones that say the same.
    pub(super) fn read(held: &Held<'_>) -> Result<Self, Refused> {
        let held = &Held {
            call: alike::modern(held.call),
            ..*held
        };
        match held.call.number {
            libc::SYS_openat => Ok(Self::Open {
                at: named(held, 0)?,
                flags: held.int(2),
                mode: held.unsigned(3),
            }),
            libc::SYS_mkdirat | libc::SYS_mknodat | libc::SYS_symlinkat => make(held),
            libc::SYS_unlinkat => remove(held),
            libc::SYS_linkat => link(held),
            libc::SYS_renameat2 => Ok(Self::Rename {
                from: named(held, 0)?,
                to: named(held, 2)?,
                flags: held.unsigned(4),
            }),
            number => match times::read(held, number)? {
                Some(asked) => Ok(asked),
                None => change(held),
            },
        }
    }
}

/// A directory and, in the register behind it, a path.
pub(super) fn named(held: &Held<'_>, first: usize) -> Result<Named, Refused> {
    let path = held.path(held.argument(first + 1))??;
    let base = if path.starts_with(b"/") {
        None
    } else {
        Some(held.directory(held.int(first))??)
    };
    Ok(Named { base, path })
}

/// The flags that most calls on a path take; with `AT_EMPTY_PATH` the descriptor itself may be meant.
pub(super) fn subject(held: &Held<'_>, flags: i32) -> Result<Subject, Refused> {
    if flags & !(libc::AT_SYMLINK_NOFOLLOW | libc::AT_EMPTY_PATH) != 0 {
        return Err(Errno::EINVAL.into());
    }
    let path = held.path(held.argument(1))??;
    if path.is_empty() && flags & libc::AT_EMPTY_PATH != 0 {
        return descriptor(held);
    }
    let last = if flags & libc::AT_SYMLINK_NOFOLLOW == 0 {
        Last::Follow
    } else {
        Last::Keep
    };
    Ok(Subject::Named(named(held, 0)?, last))
}

pub(super) fn descriptor(held: &Held<'_>) -> Result<Subject, Refused> {
    Ok(Subject::Descriptor(held.directory(held.int(0))??))
}

fn make(held: &Held<'_>) -> Result<Asked, Refused> {
    let (at, what) = match held.call.number {
        libc::SYS_mkdirat => (
            0,
            Made::Directory {
                mode: held.unsigned(2),
            },
        ),
        libc::SYS_mknodat => {
            let (mode, device) = (held.unsigned(2), held.unsigned(3).into());
            (0, Made::Node { mode, device })
        }
        _ => {
            let target = held.path(held.argument(0))??;
            (1, Made::Link { target })
        }
    };
    Ok(Asked::Make {
        at: named(held, at)?,
        what,
    })
}

fn remove(held: &Held<'_>) -> Result<Asked, Refused> {
    let flags = held.int(2);
    if flags & !libc::AT_REMOVEDIR != 0 {
        return Err(Errno::EINVAL.into());
    }
    Ok(Asked::Remove {
        at: named(held, 0)?,
        directory: flags != 0,
    })
}

/// A descriptor itself (`AT_EMPTY_PATH`) is linked with a capability only, or by its opener since 6.10.
fn link(held: &Held<'_>) -> Result<Asked, Refused> {
    let last = match held.int(4) & !libc::AT_EMPTY_PATH {
        0 => Last::Keep,
        libc::AT_SYMLINK_FOLLOW => Last::Follow,
        _ => return Err(Errno::EINVAL.into()),
    };
    Ok(Asked::Link {
        from: Subject::Named(named(held, 0)?, last),
        to: named(held, 2)?,
    })
}

fn change(held: &Held<'_>) -> Result<Asked, Refused> {
    let (of, what) = match held.call.number {
        FCHMODAT2 => (subject(held, held.int(3))?, Change::Mode(held.unsigned(2))),
        libc::SYS_fchmod => (descriptor(held)?, Change::Mode(held.unsigned(1))),
        libc::SYS_fchownat => (
            subject(held, held.int(4))?,
            Change::Owner(held.unsigned(2), held.unsigned(3)),
        ),
        libc::SYS_fchown => (
            descriptor(held)?,
            Change::Owner(held.unsigned(1), held.unsigned(2)),
        ),
        libc::SYS_truncate => (
            path(held, Last::Follow)?,
            Change::Length(held.argument(1).cast_signed()),
        ),
        _ => return attribute(held),
    };
    Ok(Asked::Change { of, what })
}

/// The calls that take a path and nothing to start from.
pub(super) fn path(held: &Held<'_>, last: Last) -> Result<Subject, Refused> {
    let path = held.path(held.argument(0))??;
    let base = if path.starts_with(b"/") {
        None
    } else {
        Some(held.directory(libc::AT_FDCWD)??)
    };
    Ok(Subject::Named(Named { base, path }, last))
}

fn attribute(held: &Held<'_>) -> Result<Asked, Refused> {
    let what = match held.call.number {
        libc::SYS_setxattr | libc::SYS_lsetxattr | libc::SYS_fsetxattr => set_attribute(held)?,
        libc::SYS_removexattr | libc::SYS_lremovexattr | libc::SYS_fremovexattr => {
            Change::RemoveAttribute(attribute_name(held)?)
        }
        _ => return Err(Errno::ENOSYS.into()),
    };
    let of = match held.call.number {
        libc::SYS_setxattr | libc::SYS_removexattr => path(held, Last::Follow)?,
        libc::SYS_lsetxattr | libc::SYS_lremovexattr => path(held, Last::Keep)?,
        _ => descriptor(held)?,
    };
    Ok(Asked::Change { of, what })
}

fn set_attribute(held: &Held<'_>) -> Result<Change, Refused> {
    let size = held.argument(3);
    if size > VALUE {
        return Err(Errno::E2BIG.into());
    }
    let mut value = vec![0; usize::try_from(size).unwrap_or_default()];
    held.read(held.argument(2), &mut value)?;
    Ok(Change::SetAttribute {
        name: attribute_name(held)?,
        value,
        flags: held.int(4),
    })
}

fn attribute_name(held: &Held<'_>) -> Result<CString, Refused> {
    match held.text(held.argument(1), NAME)? {
        Text::Whole(name) if !name.is_empty() => Ok(CString::new(name).map_err(|_| Errno::EINVAL)?),
        _ => Err(Errno::ERANGE.into()),
    }
}
