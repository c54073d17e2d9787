//! The calls that set times, in three forms.

use super::super::held::Held;
#[cfg(target_arch = "x86_64")]
use super::super::resolve::Last;
use super::asked::{self, Asked, Change, Subject};
use super::refused::Refused;
use nix::errno::Errno;
use nix::sys::time::TimeSpec;

/// `None`: another call.
pub(super) fn read(held: &Held<'_>, number: i64) -> Result<Option<Asked>, Refused> {
    let asked = match number {
        libc::SYS_utimensat => nanoseconds(held)?,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_futimesat => microseconds(held)?,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_utime => seconds(held)?,
        _ => return Ok(None),
    };
    Ok(Some(asked))
}

const NOW: Change = Change::Times(TimeSpec::UTIME_NOW, TimeSpec::UTIME_NOW);

fn nanoseconds(held: &Held<'_>) -> Result<Asked, Refused> {
    let what = match words(held, held.argument(2))? {
        None => NOW,
        Some([_, libc::UTIME_OMIT, _, libc::UTIME_OMIT]) => return Ok(Asked::Nothing),
        Some([s1, n1, s2, n2]) => Change::Times(TimeSpec::new(s1, n1), TimeSpec::new(s2, n2)),
    };
    let of = of(held, held.int(3))?;
    Ok(Asked::Change { of, what })
}

/// Without a path the descriptor is meant, as in futimens(3).
fn of(held: &Held<'_>, flags: i32) -> Result<Subject, Refused> {
    match (held.argument(1), held.int(0)) {
        (0, libc::AT_FDCWD) => Err(Errno::EFAULT.into()),
        (0, _) if flags != 0 => Err(Errno::EINVAL.into()),
        (0, _) => asked::descriptor(held),
        _ => asked::subject(held, flags),
    }
}

/// futimesat(2), and utimes(2) which is read as it.
#[cfg(target_arch = "x86_64")]
fn microseconds(held: &Held<'_>) -> Result<Asked, Refused> {
    let what = match words(held, held.argument(2))? {
        None => NOW,
        Some([_, m1, _, m2]) if !(0..1_000_000).contains(&m1) || !(0..1_000_000).contains(&m2) => {
            return Err(Errno::EINVAL.into());
        }
        Some([s1, m1, s2, m2]) => {
            Change::Times(TimeSpec::new(s1, m1 * 1000), TimeSpec::new(s2, m2 * 1000))
        }
    };
    let of = of(held, 0)?;
    Ok(Asked::Change { of, what })
}

/// utime(2)
#[cfg(target_arch = "x86_64")]
fn seconds(held: &Held<'_>) -> Result<Asked, Refused> {
    let what = match words(held, held.argument(1))? {
        None => NOW,
        Some([access, change]) => Change::Times(TimeSpec::new(access, 0), TimeSpec::new(change, 0)),
    };
    let of = asked::path(held, Last::Follow)?;
    Ok(Asked::Change { of, what })
}

/// Some words of the caller's memory; `None` behind a null pointer.
fn words<const N: usize>(held: &Held<'_>, address: u64) -> Result<Option<[i64; N]>, Refused> {
    if address == 0 {
        return Ok(None);
    }
    let mut bytes = vec![0; N * 8];
    held.read(address, &mut bytes)?;
    let mut words = [0; N];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(8)) {
        *word = i64::from_ne_bytes(bytes.try_into().unwrap_or_default());
    }
    Ok(Some(words))
}
