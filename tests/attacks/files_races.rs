//! Writing outside of `files.writable` by changing a path while it is looked at, and by what leads around it.

#![allow(
    clippy::disallowed_methods,
    reason = "threads of a test are nobody's PID 1"
)]

use super::{Attack, Result, call, tries};
use nix::errno::Errno;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("files-race-path", race_path),
    ("files-race-link", race_link),
    ("files-race-directory", race_directory),
    ("files-race-descriptor", race_descriptor),
    ("files-inherited-directory", inherited_directory),
    ("files-behind-fifo", behind_fifo),
    ("files-unnamed", unnamed),
    ("files-mode", mode),
    ("files-times", times),
    ("files-attribute", attribute),
    ("files-special", special),
    ("files-symbolic-link", symbolic_link),
    ("files-exchange", exchange),
    ("files-truncating-read", truncating_read),
    ("files-working-directory", working_directory),
    ("files-handle-of-thread", handle_of_thread),
];

const OUTSIDE: &str = "/data/file";
const INSIDE: &str = "/home/app/f";

fn refused() -> io::Error {
    Errno::EACCES.into()
}

/// A file outside that nothing is left of.
fn was_written() -> bool {
    fs::metadata(OUTSIDE).is_ok_and(|file| file.len() == 0)
}

/// Opens what lies at this address by then, in the directory of this number, to empty it.
fn empty_at(directory: i32, path: *const libc::c_char) {
    let flags = libc::O_WRONLY | libc::O_TRUNC;
    let file = unsafe { libc::openat(directory, path, flags) };
    if file >= 0 {
        drop(unsafe { OwnedFd::from_raw_fd(file) });
    }
}

/// Opens again and again while a second thread turns, until both have done so often enough.
fn race(turn: impl Fn(usize) + Send + Sync, open: impl Fn()) -> Result {
    let (done, turned) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                turn(turned.fetch_add(1, Ordering::Relaxed));
            }
        });
        let (most, mut tried) = (tries(), 0);
        let won = loop {
            open();
            tried += 1;
            // On one processor both would otherwise meet only a few times.
            if tried % 64 == 0 {
                thread::yield_now();
            }
            if was_written() {
                break true;
            }
            if tried >= most && turned.load(Ordering::Relaxed) >= most {
                break false;
            }
        };
        done.store(true, Ordering::Relaxed);
        if won { Ok(()) } else { Err(refused()) }
    })
}

/// The working directory, as a register has it (`AT_FDCWD`).
const HERE: usize = usize::MAX - 99;

/// `/home/app/f` turns into `/data/file`, a word at a time.
fn race_path() -> Result {
    fs::write(INSIDE, "inside")?;
    symlink("/data", "/tmp/out")?;
    symlink("/home/app", "/tmp/inn")?;
    fs::write("/home/app/file", "inside")?;
    let word = |name: &[u8; 8]| u64::from_ne_bytes(*name);
    let (good, evil) = (word(b"/tmp/inn"), word(b"/tmp/out"));
    let path = [AtomicU64::new(good), AtomicU64::new(word(b"/file\0\0\0"))];
    let turn = |number| path[0].store(if number % 2 == 0 { good } else { evil }, Ordering::Relaxed);
    race(turn, || {
        empty_at(libc::AT_FDCWD, path.as_ptr().cast());
    })
}

/// The same name leads inside and then outside.
fn race_link() -> Result {
    fs::write(INSIDE, "inside")?;
    symlink(INSIDE, "/tmp/now")?;
    let turn = |number: usize| {
        let target = [INSIDE, OUTSIDE][number % 2];
        drop(symlink(target, "/tmp/next").and_then(|()| fs::rename("/tmp/next", "/tmp/now")));
    };
    race(turn, || {
        empty_at(libc::AT_FDCWD, c"/tmp/now".as_ptr());
    })
}

/// A component of the path is exchanged for a link to the other directory (`RENAME_EXCHANGE`, rename(2)).
fn race_directory() -> Result {
    fs::create_dir("/tmp/way")?;
    fs::write("/tmp/way/file", "inside")?;
    symlink("/data", "/tmp/other")?;
    let turn = |_| unsafe {
        let (way, other) = (c"/tmp/way".as_ptr(), c"/tmp/other".as_ptr());
        let here = libc::AT_FDCWD;
        libc::syscall(libc::SYS_renameat2, here, way, here, other, 2);
    };
    race(turn, || {
        empty_at(libc::AT_FDCWD, c"/tmp/way/file".as_ptr());
    })
}

/// The directory's number stands for another directory a moment later.
fn race_descriptor() -> Result {
    fs::write("/home/app/file", "inside")?;
    let (inside, outside) = (File::open("/home/app")?, File::open("/data")?);
    let number = File::open("/home/app")?;
    let turn = |count: usize| unsafe {
        let source = [&inside, &outside][count % 2].as_raw_fd();
        libc::dup2(source, number.as_raw_fd());
    };
    race(turn, || empty_at(number.as_raw_fd(), c"file".as_ptr()))
}

/// What a parent had open before it started us.
fn inherited_directory() -> Result {
    let directory = File::open("/data")?;
    let number = directory.as_raw_fd();
    let mut child = Command::new("/bin/sh");
    let script = format!("echo made > /proc/self/fd/{number}/new");
    // Without the flag that closes it.
    let keep = move || match unsafe { libc::fcntl(number, libc::F_SETFD, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    };
    let status = unsafe { child.arg("-c").arg(script).pre_exec(keep) }.status()?;
    if status.success() {
        return Ok(());
    }
    let path = c"new".as_ptr() as usize;
    let flags = libc::O_CREAT | libc::O_WRONLY;
    let given = [
        usize::try_from(number).unwrap(),
        path,
        usize::try_from(flags).unwrap(),
        0o600,
    ];
    call(libc::SYS_openat, given).map(drop)
}

/// While others wait for the other end of a pipe that never comes; whoever waits for them would never answer us.
fn behind_fifo() -> Result {
    let path = "/home/app/pipe";
    mkfifo(path, Mode::S_IRWXU)?;
    for _ in 0..20 {
        thread::spawn(move || OpenOptions::new().write(true).open(path));
    }
    thread::sleep(Duration::from_millis(200));
    fs::write(OUTSIDE, "changed")
}

/// A file without a name gets one outside (`O_TMPFILE`, open(2)).
fn unnamed() -> Result {
    let file = OpenOptions::new()
        .write(true)
        .mode(0o644)
        .custom_flags(libc::O_TMPFILE)
        .open("/home/app")?;
    fs::hard_link(format!("/proc/self/fd/{}", file.as_raw_fd()), "/data/named").or_else(|_| {
        let from = std::ffi::CString::new(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
        let to = c"/data/named".as_ptr() as usize;
        // `AT_SYMLINK_FOLLOW`
        let (here, follow) = (HERE, 0x400);
        call(
            libc::SYS_linkat,
            [here, from.as_ptr() as usize, here, to, follow],
        )
        .map(drop)
    })
}

fn mode() -> Result {
    fs::set_permissions(OUTSIDE, fs::Permissions::from_mode(0o4777))
}

fn times() -> Result {
    let file = c"/data/file".as_ptr() as usize;
    call(libc::SYS_utimensat, [HERE, file, 0, 0]).map(drop)
}

fn attribute() -> Result {
    let (file, name) = (c"/data/file".as_ptr() as usize, c"user.x".as_ptr() as usize);
    let value = [1_u8];
    let at = value.as_ptr() as usize;
    match call(libc::SYS_setxattr, [file, name, at, 1, 0]) {
        // Older tmpfs knows none of the user's: then the time of last change is what could be had.
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => times(),
        result => result.map(drop),
    }
}

fn special() -> Result {
    mkfifo("/data/pipe", Mode::S_IRWXU)?;
    Ok(())
}

fn symbolic_link() -> Result {
    symlink("/bin/true", "/data/link")
}

/// Two files change places across the border.
fn exchange() -> Result {
    fs::write(INSIDE, "planted")?;
    let (from, to) = (
        c"/home/app/f".as_ptr() as usize,
        c"/data/file".as_ptr() as usize,
    );
    let here = HERE;
    call(libc::SYS_renameat2, [here, from, here, to, 2]).map(drop)
}

/// Emptied without being opened for writing, which POSIX leaves undefined.
fn truncating_read() -> Result {
    let flags = libc::O_RDONLY | libc::O_TRUNC;
    let file = unsafe { libc::open(c"/data/file".as_ptr(), flags) };
    if file < 0 {
        return Err(io::Error::last_os_error());
    }
    drop(unsafe { OwnedFd::from_raw_fd(file) });
    if was_written() {
        Ok(())
    } else {
        Err(refused())
    }
}

/// A relative path from a directory outside.
fn working_directory() -> Result {
    std::env::set_current_dir("/data")?;
    fs::write("relative", "made")
}

/// By another thread's view of the root, of which only its number is known.
fn handle_of_thread() -> Result {
    let tid = unsafe { libc::gettid() };
    let path = format!("/proc/self/task/{tid}/root/data/file");
    fs::write(path, "changed")
}
