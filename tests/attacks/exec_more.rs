//! Further ways to start what the image did not ship: by descriptors, in the first moment, below a filter of one's own.

#![allow(
    clippy::disallowed_methods,
    reason = "threads of a test are nobody's PID 1"
)]

use super::exec::{drop_at, drop_script, ended, refused, run};
use super::{Attack, Result, call, tries};
use std::ffi::CString;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileExt, chroot, symlink};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU64, Ordering};
use std::thread;

pub(crate) const ATTACKS: &[(&str, Attack)] = &[
    ("exec-at-once", at_once),
    ("exec-in-directory", in_directory),
    ("exec-by-descriptor", by_descriptor),
    ("exec-named-descriptor", named_descriptor),
    ("exec-race-descriptor", race_descriptor),
    ("exec-race-directory", race_directory),
    ("exec-race-script-number", race_script_number),
    ("exec-in-vfork", in_vfork),
    ("exec-below-own-filter", below_own_filter),
    ("exec-by-own-root", by_own_root),
    ("exec-interpreter", interpreter),
    ("exec-in-other-root", in_other_root),
    ("exec-race-forged", race_forged),
];

/// As the very first thing that the application does.
fn at_once() -> Result {
    run(drop_at("/home/app/at-once")?)
}

/// In a child, so that we learn what came of it.
fn in_child(execute: impl FnOnce()) -> Result {
    let child = call(libc::SYS_clone, [libc::SIGCHLD as usize])?;
    if child == 0 {
        execute();
        unsafe { libc::_exit(0) };
    }
    ended(child)
}

fn execute_at(directory: i32, path: &CString, flags: i32) {
    let arguments = [path.as_ptr(), ptr::null()];
    let environment: [*const libc::c_char; 1] = [ptr::null()];
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            directory,
            path.as_ptr(),
            arguments.as_ptr(),
            environment.as_ptr(),
            flags,
        );
    }
}

/// By a name that begins at a descriptor (execveat(2)).
fn in_directory() -> Result {
    drop_at("/home/app/within")?;
    let directory = File::open("/home/app")?;
    in_child(|| execute_at(directory.as_raw_fd(), &c"within".to_owned(), 0))
}

/// By nothing but a descriptor.
fn by_descriptor() -> Result {
    let file = File::open(drop_at("/home/app/described")?)?;
    in_child(|| execute_at(file.as_raw_fd(), &c"".to_owned(), libc::AT_EMPTY_PATH))
}

/// By a descriptor's name in /proc, as `fexecve(3)` does without `execveat`.
fn named_descriptor() -> Result {
    let file = File::open(drop_at("/home/app/described")?)?;
    run(&format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Starts what the descriptor's number stands for by then; with a name below it or without.
fn race(tries: usize, good: &File, evil: &File, name: &str) -> Result {
    let number = good.try_clone()?;
    let slot = number.as_raw_fd();
    let path = CString::new(name.replace("{}", &slot.to_string())).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                for file in [good, evil] {
                    unsafe { libc::dup2(file.as_raw_fd(), slot) };
                }
            }
        });
        let won = (0..tries).any(|_| spawned(&path, slot));
        done.store(true, Ordering::Relaxed);
        if won { Ok(()) } else { Err(refused()) }
    })
}

/// The child shares our memory and our descriptors until it has executed, so that the other thread reaches them.
fn spawned(path: &CString, slot: i32) -> bool {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_FILES;
    let mut stack = vec![0_u8; 64 * 1024];
    let mut given = (path.as_ptr(), slot);
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) }.cast();
    let at = (&raw mut given).cast();
    let child = unsafe { libc::clone(begin, top, flags | libc::SIGCHLD, at) };
    child > 0 && ended(usize::try_from(child).unwrap()).is_ok()
}

extern "C" fn begin(given: *mut libc::c_void) -> i32 {
    let (path, slot) = unsafe { *given.cast::<(*const libc::c_char, i32)>() };
    let (arguments, environment) = ([path, ptr::null()], [ptr::null::<libc::c_char>()]);
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            slot,
            path,
            arguments.as_ptr(),
            environment.as_ptr(),
            0,
        );
    }
    0
}

/// One program of the image turns into one that was dropped.
fn race_descriptor() -> Result {
    let good = File::open("/bin/true")?;
    let evil = File::open(drop_at("/tmp/evil")?)?;
    race(tries() / 4, &good, &evil, "/proc/self/fd/{}")
}

/// The directory that the name begins at.
fn race_directory() -> Result {
    drop_at("/tmp/true")?;
    race(
        tries() / 10,
        &File::open("/bin")?,
        &File::open("/tmp")?,
        "true",
    )
}

/// The image's script `/s` and one of the same name: its interpreter opens the number again.
fn race_script_number() -> Result {
    drop_script("/tmp/s")?;
    race(
        tries() / 10,
        &File::open("/s")?,
        &File::open("/tmp/s")?,
        "/dev/fd/{}",
    )
}

/// A child that holds its parent up until it has executed (vfork(2)).
fn in_vfork() -> Result {
    let path = CString::new(drop_at("/home/app/forked")?).unwrap();
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    let mut stack = vec![0_u8; 64 * 1024];
    let mut given = (path.as_ptr(), libc::AT_FDCWD);
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) }.cast();
    let child = unsafe { libc::clone(begin, top, flags, (&raw mut given).cast()) };
    if child < 0 {
        return Err(std::io::Error::last_os_error());
    }
    ended(usize::try_from(child).unwrap())
}

/// One that allows everything: the strictest answer of all filters is what counts (seccomp(2)).
fn below_own_filter() -> Result {
    super::processes::install_filter(0)?;
    run(drop_at("/home/app/filtered")?)
}

/// By a name that begins in /proc.
fn by_own_root() -> Result {
    drop_at("/home/app/rooted")?;
    run("/proc/self/root/home/app/rooted").or_else(|_| run("/proc/self/cwd/home/app/rooted"))
}

/// A script of the application's is refused; the image's own, by a link that names a dropped interpreter, is too.
fn interpreter() -> Result {
    drop_at("/home/app/interpreter")?;
    fs::write("/home/app/asked", "#!/home/app/interpreter\n")?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions("/home/app/asked", mode)?;
    symlink("/home/app/asked", "/home/app/asking")?;
    run("/home/app/asking")
}

/// By the name of a program of the image that we have executed already; needs `CAP_SYS_CHROOT`.
fn in_other_root() -> Result {
    for _ in 0..3 {
        drop(run("/tool"));
    }
    for library in [
        "/lib64/ld-linux-x86-64.so.2",
        "/lib/x86_64-linux-gnu/libc.so.6",
    ] {
        let copy = format!("/tmp/root{library}");
        fs::create_dir_all(Path::new(&copy).parent().unwrap())?;
        fs::copy(library, copy)?;
    }
    drop_at("/tmp/root/tool")?;
    chroot("/tmp/root")?;
    run("/tool")
}

/// The name of a program of the image turns into that of another, and the copy of it that the kernel leaves with the new
/// program is turned back by whoever may write to that one's memory.
fn race_forged() -> Result {
    for _ in 0..3 {
        drop(run("/tool"));
    }
    let word = |name: &str| {
        let mut bytes = [0; 8];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        u64::from_ne_bytes(bytes)
    };
    let (good, evil) = (word("/tool"), word(drop_at("/tmp/t")?));
    let (path, child, over) = (
        AtomicU64::new(good),
        AtomicI32::new(0),
        AtomicBool::new(false),
    );
    let is_over = || over.load(Ordering::Relaxed);
    thread::scope(|scope| {
        scope.spawn(|| {
            for turn in 0.. {
                if is_over() {
                    break;
                }
                path.store([good, evil][turn % 2], Ordering::Relaxed);
                (0..turn % 4000).for_each(|_| std::hint::spin_loop());
            }
        });
        scope.spawn(|| {
            while !is_over() {
                forge(child.load(Ordering::Relaxed), evil, good);
            }
        });
        let won = (0..tries() / 4).any(|_| spawned_told(path.as_ptr().cast(), &child));
        over.store(true, Ordering::Relaxed);
        if won { Ok(()) } else { Err(refused()) }
    })
}

/// If its name is this one, it is the other from now on.
fn forge(pid: i32, from: u64, to: u64) -> Option<()> {
    let vector = fs::read(format!("/proc/{pid}/auxv")).ok()?;
    let words: Vec<u64> = vector
        .chunks_exact(8)
        .map(|word| u64::from_ne_bytes(word.try_into().unwrap()))
        .collect();
    let name = words
        .chunks_exact(2)
        .find(|entry| entry[0] == libc::AT_EXECFN)?[1];
    let place = format!("/proc/{pid}/mem");
    let memory = File::options().read(true).write(true).open(place).ok()?;
    let mut now = [0; 8];
    memory.read_exact_at(&mut now[..7], name).ok()?;
    (u64::from_ne_bytes(now) == from).then_some(())?;
    memory.write_all_at(&to.to_ne_bytes()[..7], name).ok()
}

/// Tells who the child is while it still shares our memory.
fn spawned_told(path: *const libc::c_char, child: &AtomicI32) -> bool {
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PARENT_SETTID | libc::SIGCHLD;
    let mut stack = vec![0_u8; 64 * 1024];
    let top = unsafe { stack.as_mut_ptr().add(stack.len()) }.cast();
    let mut given = (path, libc::AT_FDCWD);
    let at = (&raw mut given).cast();
    let started = unsafe { libc::clone(begin, top, flags, at, child.as_ptr()) };
    started > 0 && ended(usize::try_from(started).unwrap()).is_ok()
}
