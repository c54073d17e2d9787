//! A file without a name: sealed, so that nobody can change it, and open in the application from its start.

use super::Owner;
use crate::directory::{Failed, errno_of, give};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::ffi::CString;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Never to be run (`memfd_create`(2), Linux 6.3).
const MFD_NOEXEC_SEAL: u32 = 0x8;

/// The path by which the application opens it, and the descriptor, which survives an execve.
pub(super) fn write(
    path: &Path,
    value: &[u8],
    owner: Owner,
    mode: u32,
) -> Result<(String, Option<OwnedFd>), Failed> {
    let name = path.file_name().map_or(&b"secret"[..], OsStrExt::as_bytes);
    let name = CString::new(name).map_err(|_| ("memfd_create", Errno::EINVAL))?;
    let mut file = File::from(create(&name)?);
    file.write_all(value).map_err(|e| ("write", errno_of(&e)))?;
    let seals = SealFlag::F_SEAL_WRITE
        | SealFlag::F_SEAL_GROW
        | SealFlag::F_SEAL_SHRINK
        | SealFlag::F_SEAL_SEAL;
    give(&file, owner.uid, owner.gid, mode)?;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).map_err(|e| ("fcntl", e))?;
    let shown = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok((shown, Some(file.into())))
}

fn create(name: &CString) -> Result<OwnedFd, Failed> {
    let sealable = MFdFlags::MFD_ALLOW_SEALING;
    let unrunnable = sealable | MFdFlags::from_bits_retain(MFD_NOEXEC_SEAL);
    match memfd_create(name.as_c_str(), unrunnable) {
        Err(Errno::EINVAL) => memfd_create(name.as_c_str(), sealable),
        created => created,
    }
    .map_err(|e| ("memfd_create", e))
}
