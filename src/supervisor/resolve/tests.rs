//! Paths as another process means them.

use super::*;
use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command};

/// A process with a directory and a descriptor of its own.
struct Other {
    process: Child,
    directory: tempfile::TempDir,
}

impl Other {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = directory.path();
        fs::create_dir(at.join("sub")).unwrap();
        fs::write(at.join("file"), "x").unwrap();
        symlink("sub/../file", at.join("link")).unwrap();
        symlink("/proc/self/fd/0", at.join("input")).unwrap();
        symlink("loop", at.join("loop")).unwrap();
        symlink(at.join("nowhere"), at.join("dangling")).unwrap();
        let process = Command::new("sleep")
            .arg("60")
            .current_dir(at)
            .stdin(File::open(at.join("file")).unwrap())
            .spawn()
            .unwrap();
        Self { process, directory }
    }

    fn tid(&self) -> i32 {
        self.process.id().cast_signed()
    }

    fn resolve(&self, path: &str, last: Last) -> Result<Found, Errno> {
        let cwd = format!("/proc/{}/cwd", self.tid());
        let base = nix::fcntl::open(cwd.as_str(), OFlag::O_PATH, Mode::empty()).unwrap();
        Viewer { tid: self.tid() }.resolve(base, path.as_bytes(), last)
    }

    fn leads_to(&self, path: &str, expected: impl AsRef<Path>) {
        let Found::There(file) = self.resolve(path, Last::Follow).unwrap() else {
            panic!("{path} is missing");
        };
        let expected = fs::metadata(expected).unwrap();
        assert_eq!(fstat(&file).unwrap().st_ino, expected.ino(), "{path}");
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_path_begins_where_the_other_process_is() {
    let other = Other::start();
    let at = other.directory.path();
    for path in ["file", "./sub/../file", "link", "sub//../link"] {
        other.leads_to(path, at.join("file"));
    }
    other.leads_to(at.join("link").to_str().unwrap(), at.join("file"));
    other.leads_to("sub/", at.join("sub"));
    other.leads_to("/", "/");
    other.leads_to("/..", "/");
}

#[test]
fn its_own_proc_entry_is_not_ours() {
    let other = Other::start();
    let file = other.directory.path().join("file");
    for path in [
        "/proc/self/fd/0",
        "/proc/thread-self/fd/0",
        "/dev/fd/0",
        "/dev/stdin",
        "input",
    ] {
        other.leads_to(path, &file);
    }
    other.leads_to("/proc/self/cwd/link", &file);
    other.leads_to("/proc/self/exe", format!("/proc/{}/exe", other.tid()));
    other.leads_to("/proc/self/root/etc/passwd", "/etc/passwd");
    other.leads_to("/proc/self/status", format!("/proc/{}/status", other.tid()));
    other.leads_to("/proc/mounts", format!("/proc/{}/mounts", other.tid()));
}

#[test]
fn a_link_in_the_last_place_is_kept_when_it_is_meant() {
    let other = Other::start();
    for path in ["link", "dangling", "/proc/self/exe"] {
        let Ok(Found::There(link)) = other.resolve(path, Last::Keep) else {
            panic!("{path}");
        };
        assert!(is(&fstat(&link).unwrap(), libc::S_IFLNK), "{path}");
    }
}

#[test]
fn a_missing_name_comes_with_the_directory_that_lacks_it() {
    let other = Other::start();
    let at = other.directory.path().metadata().unwrap().ino();
    for path in ["nothing", "sub/../nothing", "dangling"] {
        let Ok(Found::Missing { parent, name }) = other.resolve(path, Last::Follow) else {
            panic!("{path}");
        };
        assert_eq!(fstat(&parent).unwrap().st_ino, at, "{path}");
        assert!(
            ["nothing", "nowhere"].contains(&name.to_str().unwrap()),
            "{path}"
        );
    }
}

#[test]
fn what_the_kernel_refuses_is_refused_with_its_errno() {
    let other = Other::start();
    for (path, errno) in [
        ("", Errno::ENOENT),
        ("nothing/below", Errno::ENOENT),
        ("file/below", Errno::ENOTDIR),
        ("file/", Errno::ENOTDIR),
        ("loop", Errno::ELOOP),
        ("/proc/self/fd/99", Errno::ENOENT),
    ] {
        match other.resolve(path, Last::Follow) {
            Err(error) => assert_eq!(error, errno, "{path}"),
            Ok(Found::Missing { .. }) => assert_eq!(Errno::ENOENT, errno, "{path}"),
            Ok(Found::There(_)) => panic!("{path}"),
        }
    }
}
