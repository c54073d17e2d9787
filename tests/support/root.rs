//! The root file system of a test container: a directory of its own, the host's `/usr`, and what a runtime mounts.

use super::enter::WRITING;
use super::step::Step;
use nix::time::{ClockId, clock_gettime};
use std::ffi::CString;
use std::fs::{self, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;
use tempfile::TempDir;

const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:10001:10001::/home/app:/bin/sh\nplayer:x:20002:20002::/home/player:/bin/sh\n";
const GROUP: &str = "root:x:0:\napp:x:10001:\nplayer:x:20002:\naudio:x:29:root,player\n";
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// A directory that becomes `/`.
#[derive(Debug)]
pub struct Root(TempDir);

impl Root {
    /// With the wrapper, the probe and the attacks at the top.
    pub fn new(programs: &[(&str, PathBuf)]) -> Self {
        let root = Self(TempDir::new().unwrap());
        fs::set_permissions(root.0.path(), Permissions::from_mode(0o755)).unwrap();
        for directory in [
            "usr", "proc", "tmp", "dev/pts", "dev/shm", "etc", "home/app", "data",
        ] {
            fs::create_dir_all(root.host("/").join(directory)).unwrap();
        }
        for (link, target) in [
            ("bin", "usr/bin"),
            ("sbin", "usr/sbin"),
            ("lib", "usr/lib"),
            ("lib64", "usr/lib64"),
        ] {
            symlink(target, root.host("/").join(link)).unwrap();
        }
        for (number, name) in ["stdin", "stdout", "stderr"].iter().enumerate() {
            symlink(
                format!("/proc/self/fd/{number}"),
                root.host("/dev").join(name),
            )
            .unwrap();
        }
        symlink("/proc/self/fd", root.host("/dev/fd")).unwrap();
        symlink("pts/ptmx", root.host("/dev/ptmx")).unwrap();
        for device in DEVICES {
            root.file(&format!("/dev/{device}"), b"", 0o666);
        }
        root.file("/etc/passwd", PASSWD.as_bytes(), 0o644);
        root.file("/etc/group", GROUP.as_bytes(), 0o644);
        root.directory("/data", 10001);
        for (name, program) in programs {
            root.program(name, program);
        }
        root
    }

    /// Where a path of the container is on the host.
    pub fn host(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    /// Waits until nothing in it counts as written after a start from now on: until the next tick, of which an emulated
    /// processor loses some, and for a stamp without a fraction, as file systems have them that keep whole seconds and one
    /// of 250 ticks of an emulated clock, until the next second but one.
    pub fn settle(&self) {
        let mut entries = fs::read_dir(self.0.path()).unwrap();
        if entries.any(|entry| entry.unwrap().metadata().unwrap().ctime_nsec() == 0) {
            std::thread::sleep(Duration::from_secs(2));
        }
        let clock = || clock_gettime(ClockId::CLOCK_REALTIME_COARSE).unwrap();
        let now = clock();
        while clock() <= now {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Writes a file, and its directories.
    pub fn file(&self, path: &str, content: &[u8], mode: u32) {
        let host = self.host(path);
        let writing = WRITING.read().unwrap_or_else(PoisonError::into_inner);
        fs::create_dir_all(host.parent().unwrap()).unwrap();
        fs::write(&host, content).unwrap();
        drop(writing);
        fs::set_permissions(host, Permissions::from_mode(mode)).unwrap();
    }

    /// Makes a directory of this user and group; where it is on the host.
    pub fn directory(&self, path: &str, owner: u32) -> PathBuf {
        let host = self.host(path);
        fs::create_dir_all(&host).unwrap();
        chown(&host, Some(owner), Some(owner)).unwrap();
        host
    }

    /// A copy: every further link to a file changes it, and what changes after the start is no part of the image. The
    /// wrapper, which the application does not execute, is too large for that.
    fn program(&self, name: &str, program: &Path) {
        let host = self.host(name);
        let writing = WRITING.read().unwrap_or_else(PoisonError::into_inner);
        if name != "/micro-enforcer" || fs::hard_link(program, &host).is_err() {
            fs::copy(program, &host).unwrap();
        }
        drop(writing);
    }

    /// The mounts that a runtime makes, and the change of root.
    pub fn steps(&self, read_only: bool, shared: &[(PathBuf, PathBuf)]) -> Vec<Step> {
        let bind = libc::MS_BIND | libc::MS_REC;
        let harmless = libc::MS_NOSUID | libc::MS_NODEV;
        let mut steps = vec![
            mount(
                "none",
                Path::new("/"),
                "",
                libc::MS_REC | libc::MS_PRIVATE,
                "",
            ),
            mount(
                &self.host("/").display().to_string(),
                &self.host("/"),
                "",
                bind,
                "",
            ),
            mount(
                "proc",
                &self.host("/proc"),
                "proc",
                harmless | libc::MS_NOEXEC,
                "",
            ),
            mount("tmpfs", &self.host("/tmp"), "tmpfs", harmless, "mode=1777"),
            mount(
                "tmpfs",
                &self.host("/dev/shm"),
                "tmpfs",
                harmless,
                "mode=1777",
            ),
            mount(
                "devpts",
                &self.host("/dev/pts"),
                "devpts",
                libc::MS_NOSUID,
                "newinstance,ptmxmode=0666,mode=0620",
            ),
        ];
        for (source, target) in shared {
            let read_only = libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY;
            steps.push(mount(&source.display().to_string(), target, "", bind, ""));
            steps.push(mount("none", target, "", read_only, ""));
        }
        steps.extend(DEVICES.map(|device| {
            mount(
                &format!("/dev/{device}"),
                &self.host("/dev").join(device),
                "",
                bind,
                "",
            )
        }));
        if read_only {
            steps.push(mount(
                "none",
                &self.host("/"),
                "",
                libc::MS_REMOUNT | libc::MS_BIND | libc::MS_RDONLY,
                "",
            ));
        }
        steps.push(Step::Root(
            CString::new(self.0.path().as_os_str().as_bytes()).unwrap(),
        ));
        steps
    }
}

fn mount(source: &str, target: &Path, kind: &str, flags: libc::c_ulong, data: &str) -> Step {
    let text = |text: &str| CString::new(text).unwrap();
    let target = CString::new(target.as_os_str().as_bytes()).unwrap();
    Step::Mount {
        source: text(source),
        target,
        kind: text(kind),
        flags,
        data: text(data),
    }
}
