//! `/dev/tty`: the caller's own terminal, not ours.

use super::refused::Refused;
use super::work::Work;
use nix::errno::Errno;
use nix::sys::stat::fstat;
use std::os::fd::OwnedFd;

/// `tty_nr` in /proc/PID/stat (proc(5)), counted from the field after the name.
const TTY: usize = 4;

impl Work<'_> {
    /// The controlling terminal, by one of the caller's standard descriptors: only the same device by number could be
    /// had from /dev/pts, and that of another container has the same numbers.
    pub(super) fn terminal(&self) -> Result<OwnedFd, Refused> {
        let device = self.controlling().ok_or(Errno::ENXIO)?;
        for number in 0..=2 {
            if let Ok(file) = self.held.directory(number)? {
                let status = fstat(&file)?;
                if super::open::is(&status, libc::S_IFCHR) && status.st_rdev == device {
                    return Ok(file);
                }
            }
        }
        Err(Errno::ENXIO.into())
    }

    fn controlling(&self) -> Option<u64> {
        let stat = std::fs::read(format!("/proc/{}/stat", self.held.tid())).ok()?;
        let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
        let rest = std::str::from_utf8(stat.get(after_name..)?).ok()?;
        let encoded: i32 = rest.split_whitespace().nth(TTY)?.parse().ok()?;
        decoded(encoded.cast_unsigned())
    }
}

/// The kernel writes the minor number around the major one; 0 is no terminal.
fn decoded(number: u32) -> Option<u64> {
    let minor = number & 0xff | number >> 12 & 0xfff00;
    (number != 0).then(|| libc::makedev(number >> 8 & 0xfff, minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_s_number_is_read_as_the_kernel_writes_it() {
        assert_eq!(decoded(0), None);
        assert_eq!(decoded(34816), Some(libc::makedev(136, 0)));
        assert_eq!(decoded(0x0010_8805), Some(libc::makedev(136, 0x105)));
    }
}
