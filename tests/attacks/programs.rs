//! Programs that give more than they have, or that are in no file.

use super::{Result, call};
use std::fs;
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::process::Command;

/// `/setuid` is root's.
pub(crate) fn setuid() -> Result {
    let ids = Command::new("/setuid").arg("ids").output()?;
    if String::from_utf8_lossy(&ids.stdout).contains(" 0 0\n") {
        Ok(())
    } else {
        Err(io::Error::from_raw_os_error(libc::EPERM))
    }
}

/// A copy of a program in memory, executed by its descriptor.
pub(crate) fn in_memory() -> Result {
    let fd = call(libc::SYS_memfd_create, [c"program".as_ptr() as usize, 0])?;
    let mut file = unsafe { fs::File::from_raw_fd(i32::try_from(fd).unwrap()) };
    file.write_all(&fs::read("/bin/true")?)?;
    let child = call(libc::SYS_clone, [17])?;
    if child == 0 {
        let arguments = [c"program".as_ptr(), std::ptr::null()];
        let number = usize::try_from(file.as_raw_fd()).unwrap();
        let failed = call(
            libc::SYS_execveat,
            [
                number,
                c"".as_ptr() as usize,
                arguments.as_ptr() as usize,
                0,
                libc::AT_EMPTY_PATH as usize,
            ],
        );
        unsafe { libc::_exit(failed.unwrap_err().raw_os_error().unwrap()) };
    }
    let mut status = 0_i32;
    call(libc::SYS_wait4, [child, &raw mut status as usize])?;
    match libc::WEXITSTATUS(status) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}
