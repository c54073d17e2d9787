//! Programs that the image did not ship, by every way to start one. Each succeeds when the program has run.

#![allow(
    clippy::disallowed_methods,
    reason = "threads of a test are nobody's PID 1"
)]

use super::{Attack, Result, call, tries};
use nix::errno::Errno;
use std::ffi::CString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::process::Command;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("exec-dropped", dropped),
    ("exec-renamed", renamed),
    ("exec-hard-link", hard_link),
    ("exec-link", link),
    ("exec-old", old),
    ("exec-shared-memory", shared_memory),
    ("exec-overwritten", overwritten),
    ("exec-script", script),
    ("exec-loader", loader),
    ("exec-memory-by-path", memory_by_path),
    ("exec-deleted", deleted),
    ("exec-unnamed", unnamed),
    ("exec-preload", preload),
    ("exec-second-thread", second_thread),
    ("exec-race-path", race_path),
    ("exec-race-settled", race_settled),
    ("exec-race-link", race_link),
    ("exec-race-threads", race_threads),
    ("exec-race-script", race_script),
    ("exec-race-script-link", race_script_link),
    ("exec-script-by-link", script_by_link),
    ("exec-loader-many-options", loader_many_options),
    ("exec-loader-bare-name", loader_bare_name),
    ("exec-preload-own", preload_own),
    ("exec-shared-directory", shared_directory),
];

/// Its status tells it from what the image ships: `/bin/true`.
const PROGRAM: &str = "/bin/false";
const RAN: i32 = 1;

pub(crate) fn drop_at(path: &str) -> io::Result<&str> {
    fs::write(path, fs::read(PROGRAM)?)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(path)
}

pub(crate) fn refused() -> io::Error {
    Errno::EXDEV.into()
}

fn runs(command: &mut Command) -> Result {
    match command.status()?.code() {
        Some(RAN) => Ok(()),
        _ => Err(refused()),
    }
}

pub(crate) fn run(path: &str) -> Result {
    runs(&mut Command::new(path))
}

fn dropped() -> Result {
    run(drop_at("/home/app/dropped")?)
}

fn renamed() -> Result {
    fs::rename(drop_at("/home/app/other")?, "/home/app/renamed")?;
    run("/home/app/renamed")
}

fn hard_link() -> Result {
    fs::hard_link(drop_at("/home/app/original")?, "/home/app/again")?;
    run("/home/app/again")
}

fn link() -> Result {
    symlink(drop_at("/home/app/target")?, "/home/app/led")?;
    run("/home/app/led")
}

/// As if it had always been there, as far as anybody can set that.
fn old() -> Result {
    let path = drop_at("/home/app/old")?;
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = fs::FileTimes::new()
        .set_modified(long_ago)
        .set_accessed(long_ago);
    File::options().write(true).open(path)?.set_times(times)?;
    run(path)
}

fn shared_memory() -> Result {
    run(drop_at("/dev/shm/dropped")?)
}

/// A program of the image that belongs to the application.
fn overwritten() -> Result {
    run(drop_at("/home/app/tool")?)
}

fn script() -> Result {
    fs::write("/home/app/script", "#!/bin/sh\nexit 1\n")?;
    fs::set_permissions("/home/app/script", fs::Permissions::from_mode(0o755))?;
    run("/home/app/script")
}

#[cfg(target_arch = "x86_64")]
const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
#[cfg(target_arch = "aarch64")]
const LOADER: &str = "/lib/ld-linux-aarch64.so.1";

/// Where Debian has its libraries.
#[cfg(target_arch = "x86_64")]
const LIBRARIES: &str = "/lib/x86_64-linux-gnu";
#[cfg(target_arch = "aarch64")]
const LIBRARIES: &str = "/lib/aarch64-linux-gnu";

fn loader() -> Result {
    runs(Command::new(LOADER).arg(drop_at("/home/app/loaded")?))
}

fn by_descriptor(file: &File) -> Result {
    run(&format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Inherited: the descriptor must be there after the fork.
fn memory_by_path() -> Result {
    let fd = call(libc::SYS_memfd_create, [c"program".as_ptr() as usize, 0])?;
    let mut file = unsafe { File::from_raw_fd(i32::try_from(fd).unwrap()) };
    file.write_all(&fs::read(PROGRAM)?)?;
    by_descriptor(&file)
}

fn deleted() -> Result {
    let file = File::open(drop_at("/home/app/deleted")?)?;
    fs::remove_file("/home/app/deleted")?;
    by_descriptor(&file)
}

fn unnamed() -> Result {
    let mut file = OpenOptions::new()
        .write(true)
        .mode(0o755)
        .custom_flags(libc::O_TMPFILE)
        .open("/home/app")?;
    file.write_all(&fs::read(PROGRAM)?)?;
    let again = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    drop(file);
    by_descriptor(&again)
}

/// A library of the image, but a copy of it: whether it is loaded is enough.
fn preload() -> Result {
    let library = "/home/app/library.so";
    fs::write(library, fs::read(format!("{LIBRARIES}/libc.so.6"))?)?;
    let status = Command::new("/bin/true")
        .env("LD_PRELOAD", library)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(refused())
    }
}

fn second_thread() -> Result {
    let path = drop_at("/home/app/threaded")?;
    let child = call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
    if child == 0 {
        thread::spawn(move || execute(path)).join().unwrap();
        unsafe { libc::_exit(0) };
    }
    ended(child)
}

/// Gives back only what hinders it.
fn execute(path: &str) {
    let path = CString::new(path).unwrap();
    let arguments = [path.as_ptr(), ptr::null()];
    unsafe { libc::execv(path.as_ptr(), arguments.as_ptr()) };
}

pub(crate) fn ended(child: usize) -> Result {
    let mut status = 0;
    unsafe { libc::waitpid(i32::try_from(child).unwrap(), &raw mut status, 0) };
    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == RAN {
        Ok(())
    } else {
        Err(refused())
    }
}

/// Starts what lies at this address by then; the child of `posix_spawn(3)` shares our memory until it has executed.
fn spawn(path: *const libc::c_char) -> bool {
    let arguments = [path.cast_mut(), ptr::null_mut()];
    let mut child = 0;
    let result = unsafe {
        libc::posix_spawn(
            &raw mut child,
            path,
            ptr::null(),
            ptr::null(),
            arguments.as_ptr(),
            [ptr::null_mut()].as_ptr(),
        )
    };
    result == 0 && ended(usize::try_from(child).unwrap()).is_ok()
}

fn race_for(tries: usize, flip: impl Fn(usize) + Sync, path: *const libc::c_char) -> Result {
    let over = AtomicBool::new(false);
    let flipping = || {
        for turn in 0.. {
            if over.load(Ordering::Relaxed) {
                break;
            }
            flip(turn);
            (0..turn % 4000).for_each(|_| std::hint::spin_loop());
            thread::yield_now();
        }
    };
    thread::scope(|scope| {
        scope.spawn(flipping);
        let won = (0..tries).any(|_| spawn(path));
        over.store(true, Ordering::Relaxed);
        if won { Ok(()) } else { Err(refused()) }
    })
}

/// The name of one program turns into that of the other; both are short enough to be written at once.
fn race_names(good: &str, evil: &str, tries: usize) -> Result {
    let word = |name: &str| {
        let mut bytes = [0; 8];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        u64::from_ne_bytes(bytes)
    };
    let (good, evil) = (word(good), word(evil));
    let path = AtomicU64::new(good);
    let flip = |turn| path.store(if turn % 2 == 0 { good } else { evil }, Ordering::Relaxed);
    race_for(tries, flip, path.as_ptr().cast())
}

fn race_path() -> Result {
    symlink("/bin/true", "/tmp/go")?;
    race_names("/tmp/go", drop_at("/tmp/ev")?, tries())
}

/// From a name that has been executed before, and that we cannot make lead elsewhere.
fn race_settled() -> Result {
    for _ in 0..3 {
        spawn(c"/tool".as_ptr());
    }
    race_names("/tool", drop_at("/tmp/t")?, tries())
}

/// The same name leads to one program and then to the other.
fn race_link() -> Result {
    drop_at("/tmp/evil")?;
    let flip = |turn: usize| {
        let target = ["/bin/true", "/tmp/evil"][turn % 2];
        drop(symlink(target, "/tmp/next").and_then(|()| fs::rename("/tmp/next", "/tmp/now")));
    };
    flip(0);
    race_for(tries() / 4, flip, c"/tmp/now".as_ptr())
}

/// Two threads at once: one asks for what it may have, and the other wins.
fn race_threads() -> Result {
    let path = drop_at("/home/app/both")?;
    for _ in 0..tries() / 20 {
        let child = call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
        if child == 0 {
            thread::spawn(|| execute("/bin/true"));
            execute(path);
            thread::sleep(Duration::from_millis(100));
            unsafe { libc::_exit(0) };
        }
        if ended(child).is_ok() {
            return Ok(());
        }
    }
    Err(refused())
}

/// The image's script `/s` ends well; this one has the same interpreter, and a name that ends like it.
pub(crate) fn drop_script(path: &str) -> Result {
    fs::write(path, "#!/bin/sh\nexit 1\n")?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// `/s` turns into `/tmp/s`.
fn race_script() -> Result {
    drop_script("/tmp/s")?;
    race_names("/s", "/tmp/s", tries() / 10)
}

/// The interpreter follows the link again, long after everybody has looked.
fn race_script_link() -> Result {
    drop_script("/tmp/evil")?;
    let flip = |turn: usize| {
        let target = ["/s", "/tmp/evil"][turn % 2];
        drop(symlink(target, "/tmp/next").and_then(|()| fs::rename("/tmp/next", "/tmp/now")));
    };
    flip(0);
    race_for(tries() / 4, flip, c"/tmp/now".as_ptr())
}

/// Nothing but what an exchange would begin with: the image's script by a link that its user can turn elsewhere.
fn script_by_link() -> Result {
    symlink("/s", "/home/app/turned")?;
    match Command::new("/home/app/turned").status()?.code() {
        Some(0) => Ok(()),
        _ => Err(refused()),
    }
}

/// So many that nobody reads to the end of them.
fn loader_many_options() -> Result {
    let options = ["--library-path", "/lib"].repeat(40);
    runs(
        Command::new(LOADER)
            .args(options)
            .arg(drop_at("/home/app/behind")?),
    )
}

/// The image has a program of this name in its root, and the loader looks elsewhere.
fn loader_bare_name() -> Result {
    drop_at("/home/app/tool")?;
    let path = format!("/home/app:{LIBRARIES}");
    let words = ["--library-path", &path, "tool"];
    runs(Command::new(LOADER).args(words).current_dir("/"))
}

/// A library of the image that belongs to the application, who may exchange it before it is loaded.
fn preload_own() -> Result {
    let library = "/home/app/own.so";
    // The loader goes on without what is not there.
    fs::metadata(library)?;
    let status = Command::new("/bin/true")
        .env("LD_PRELOAD", library)
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(refused())
    }
}

/// A peer that moves our working directory after we have executed.
fn shared_directory() -> Result {
    let flags = libc::CLONE_FS | libc::SIGCHLD;
    let child = call(libc::SYS_clone, [usize::try_from(flags).unwrap()])?;
    if child == 0 {
        unsafe { libc::_exit(RAN) };
    }
    ended(child)
}
