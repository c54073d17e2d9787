//! Every way to write, inside and outside `files.writable`.

use crate::inside::Envelope;
use crate::results;
use micro_enforcer::control::State;
use micro_enforcer::policy::value::AbsolutePath;
use micro_enforcer::policy::{Files, Mode, Syscalls};
use micro_enforcer::refusal::{Code, Refusal};
use micro_enforcer::sandbox::{Kernel, Request, Sandbox};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

fn path(path: &Path) -> AbsolutePath {
    serde_json::from_value(path.to_str().unwrap().into()).unwrap()
}

fn writable(paths: &[&Path]) -> Files {
    Files {
        writable: Some(paths.iter().map(|it| path(it)).collect()),
        ..Files::default()
    }
}

/// Something to try in a directory, by name.
type Way = (&'static str, fn(&Path) -> io::Result<()>);

/// Ways to write in a directory that has the files `file`, `old` and `gone` and an empty
/// directory `empty`. Each must work bare and inside, and fail outside.
const WRITES: &[Way] = &[
    ("create", |at| File::create_new(at.join("new")).map(drop)),
    ("append", |at| {
        OpenOptions::new()
            .append(true)
            .open(at.join("file"))?
            .write_all(b"x")
    }),
    ("read and write", |at| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(at.join("file"))
            .map(drop)
    }),
    ("unnamed file", |at| {
        OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_TMPFILE)
            .open(at)
            .map(drop)
    }),
    ("mkdir", |at| fs::create_dir(at.join("directory"))),
    ("rmdir", |at| fs::remove_dir(at.join("empty"))),
    ("unlink", |at| fs::remove_file(at.join("gone"))),
    ("rename", |at| {
        fs::rename(at.join("old"), at.join("renamed"))
    }),
    ("symlink", |at| {
        std::os::unix::fs::symlink("file", at.join("symlink"))
    }),
    ("hard link", |at| {
        fs::hard_link(at.join("file"), at.join("link"))
    }),
    ("fifo", |at| {
        Ok(nix::unistd::mkfifo(
            &at.join("fifo"),
            nix::sys::stat::Mode::S_IRWXU,
        )?)
    }),
    ("unix socket", |at| {
        std::os::unix::net::UnixListener::bind(at.join("socket")).map(drop)
    }),
];

/// Ways to empty a file that do not open it for writing.
const TRUNCATIONS: &[Way] = &[
    ("truncate", |at| {
        Ok(nix::unistd::truncate(&at.join("file"), 0)?)
    }),
    ("open for reading and truncate", |at| {
        let path = std::ffi::CString::new(at.join("file").to_str().unwrap()).unwrap();
        open(&path, libc::O_RDONLY | libc::O_TRUNC)
    }),
    ("open for neither and truncate", |at| {
        let path = std::ffi::CString::new(at.join("file").to_str().unwrap()).unwrap();
        open(&path, libc::O_ACCMODE | libc::O_TRUNC)
    }),
];

/// The standard library refuses such flags.
fn open(path: &std::ffi::CStr, flags: i32) -> io::Result<()> {
    // SAFETY: the path ends in NUL; the descriptor is left to the end of the process.
    match unsafe { libc::open(path.as_ptr(), flags) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// What always works.
const ALWAYS: &[Way] = &[
    ("read", |at| fs::read(at.join("out/file")).map(drop)),
    ("list", |at| fs::read_dir(at.join("out")).map(drop)),
    ("null device", |_| fs::write("/dev/null", "x")),
    ("own name", |_| fs::write("/proc/self/comm", "renamed")),
    ("standard output by its path", |_| {
        OpenOptions::new().write(true).open("/dev/stdout").map(drop)
    }),
    ("memfd by its path", |_| {
        let name = c"scratch";
        let flags = nix::sys::memfd::MFdFlags::empty();
        let memfd = nix::sys::memfd::memfd_create(name, flags)?;
        let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&memfd));
        OpenOptions::new().write(true).open(path).map(drop)
    }),
];

/// From one side to the other.
const MOVES: &[Way] = &[
    ("move out", |at| {
        fs::rename(at.join("in/mine"), at.join("out/stolen"))
    }),
    ("move in", |at| {
        fs::rename(at.join("out/theirs"), at.join("in/taken"))
    }),
    ("link in", |at| {
        fs::hard_link(at.join("out/file"), at.join("in/linked"))
    }),
];

fn prepare(root: &Path) {
    for side in ["in", "out"] {
        let at = root.join(side);
        fs::create_dir_all(at.join("empty")).unwrap();
        for file in ["file", "old", "gone", "mine", "theirs"] {
            fs::write(at.join(file), "content").unwrap();
        }
    }
    fs::create_dir(root.join("in/below")).unwrap();
}

pub fn attempt(abi: &str, root: &Path) {
    let mut envelope = Envelope::new().answering();
    envelope.files = writable(&[&root.join("in")]);
    if abi != "bare" {
        envelope.kernel.landlock_abi = Some(abi.parse().unwrap());
        envelope.enter();
    }
    let print = |key: &str, result: io::Result<()>| {
        let errno = result.map_or_else(|error| error.raw_os_error().unwrap_or(-1), |()| 0);
        println!("{key}\t{errno}");
    };
    for (name, write) in WRITES.iter().chain(TRUNCATIONS) {
        print(&format!("in: {name}"), write(&root.join("in")));
        print(&format!("out: {name}"), write(&root.join("out")));
    }
    for (name, act) in ALWAYS.iter().chain(MOVES) {
        print(name, act(root));
    }
    print(
        "move below",
        fs::rename(root.join("in/renamed"), root.join("in/below/file")),
    );
}

fn tried(
    abi: &str,
) -> (
    tempfile::TempDir,
    std::collections::BTreeMap<String, String>,
) {
    let root = tempfile::tempdir().unwrap();
    prepare(root.path());
    let found = results(&["files", abi, root.path().to_str().unwrap()]);
    (root, found)
}

/// Landlock says EACCES, or EXDEV where a move or link would widen rights.
fn is_refused(errno: &str) -> bool {
    [libc::EACCES, libc::EXDEV]
        .map(|errno| errno.to_string())
        .contains(&errno.to_owned())
}

fn expect_wall(abi: &str, truncates_inside: bool) {
    let (_bare_root, bare) = tried("bare");
    let (root, found) = tried(abi);
    for (name, _) in WRITES {
        assert_eq!((bare[&format!("out: {name}")].as_str()), "0", "bare {name}");
        assert_eq!((found[&format!("in: {name}")].as_str()), "0", "in: {name}");
        assert!(
            is_refused(&found[&format!("out: {name}")]),
            "out: {name}: {found:?}"
        );
    }
    for (name, _) in TRUNCATIONS {
        assert_eq!((bare[&format!("out: {name}")].as_str()), "0", "bare {name}");
        assert_eq!(
            found[&format!("in: {name}")] == "0",
            truncates_inside,
            "in: {name}"
        );
        assert!(
            is_refused(&found[&format!("out: {name}")]),
            "out: {name}: {found:?}"
        );
    }
    for (name, _) in ALWAYS {
        assert_eq!(
            (bare[*name].as_str(), found[*name].as_str()),
            ("0", "0"),
            "{name}"
        );
    }
    for (name, _) in MOVES {
        assert_eq!(bare[*name], "0", "bare {name}");
        assert!(is_refused(&found[*name]), "{name}: {found:?}");
    }
    assert_eq!(fs::read(root.path().join("out/file")).unwrap(), b"content");
}

pub fn walled() {
    let abi = Kernel::probe()
        .landlock_abi
        .expect("this kernel has no Landlock");
    expect_wall(&abi.to_string(), true);
    assert_eq!(tried(&abi.to_string()).1["move below"], "0");
}

pub fn walled_by_abi_2() {
    expect_wall("2", false);
    assert_eq!(tried("2").1["move below"], "0");
}

pub fn walled_by_abi_1() {
    expect_wall("1", false);
    assert!(is_refused(&tried("1").1["move below"]));
}

fn compile(files: &Files, mode: Mode) -> Result<Sandbox, micro_enforcer::sandbox::Error> {
    let (syscalls, kernel) = (Syscalls::default(), Kernel::probe());
    let (supervisor, now) = (None, 0);
    Sandbox::compile(&Request {
        syscalls: &syscalls,
        files,
        mode,
        exec: None,
        network: None,
        must_listen: false,
        supervisor,
        kernel: &kernel,
        now,
    })
}

pub fn missing() {
    let error = compile(&writable(&[Path::new("/nowhere/at/all")]), Mode::Enforce).unwrap_err();
    let refusal = Refusal::from(error);
    assert_eq!(refusal.code, Code::Policy);
    assert!(refusal.message.contains("/nowhere/at/all"), "{refusal}");
    assert!(refusal.remedy.contains("files.prepare"), "{refusal}");
}

pub fn auditing() {
    let files = writable(&[Path::new("/tmp")]);
    let state = |mode| compile(&files, mode).unwrap().controls()[1].clone();
    assert_eq!(state(Mode::Enforce).state, State::Enforced);
    let audited = state(Mode::Audit);
    assert_eq!(audited.state, State::Unavailable);
    assert!(
        audited.reason.starts_with("the policy audits"),
        "{}",
        audited.reason
    );
}
