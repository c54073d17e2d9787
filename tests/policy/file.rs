//! Which file is read, and whose it must be.

use crate::MINIMAL;
use micro_enforcer::documents::{self, Error, LoadRequest};
use micro_enforcer::policy::{Mode, Policy};
use micro_enforcer::refusal::Refusal;
use nix::sys::stat;
use nix::unistd::{Gid, Uid, chown, geteuid, mkfifo};
use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A container's files: the folder of the baked policy, and one for others. Only root can make the
/// first as an image has it; for anybody else the baked policy is always refused.
struct Files {
    image: TempDir,
    laptop: TempDir,
    request: LoadRequest,
}

impl Files {
    fn new() -> Self {
        let image = if geteuid().is_root() {
            TempDir::new_in("/var/lib")
        } else {
            TempDir::new()
        }
        .unwrap();
        let request = LoadRequest {
            baked: image.path().join("policy.yaml"),
            named: None,
            mode: None,
            break_glass: None,
            on_ecs: true,
        };
        let laptop = TempDir::new().unwrap();
        Self {
            image,
            laptop,
            request,
        }
    }

    fn baked(content: impl AsRef<[u8]>) -> Self {
        let files = Self::new();
        write(&files.request.baked, content);
        files
    }

    fn named(content: impl AsRef<[u8]>) -> Self {
        let mut files = Self::new();
        let path = files.path();
        write(&path, content);
        files.name(path);
        files
    }

    fn name(&mut self, named: impl Into<OsString>) {
        self.request.named = Some(named.into());
        self.request.on_ecs = false;
    }

    fn path(&self) -> PathBuf {
        self.laptop.path().join("policy.yaml")
    }

    #[track_caller]
    fn accepted(&self) -> Policy {
        load(&self.request).unwrap()
    }

    #[track_caller]
    fn refused(&self, code: u8, expected: &str) {
        let start = Instant::now();
        let refusal = Refusal::from(load(&self.request).unwrap_err());
        let baked = self.request.named.is_none() && self.request.baked.exists();
        if baked && code != 200 && !geteuid().is_root() {
            return assert!(refusal.to_string().contains("belongs to uid"), "{refusal}");
        }
        assert_eq!(refusal.code.status(), code, "{refusal}");
        assert!(refusal.to_string().contains(expected), "{refusal}");
        assert!(!refusal.remedy.is_empty(), "{refusal}");
        assert!(start.elapsed() < Duration::from_secs(1), "{refusal}");
    }
}

fn load(request: &LoadRequest) -> Result<Policy, Error> {
    let chosen = documents::find(request)?.policy(&[], 0)?;
    Ok(chosen.policy)
}

fn write(path: &PathBuf, content: impl AsRef<[u8]>) {
    fs::write(path, content).unwrap();
    mode(path, 0o644);
}

fn mode(path: &PathBuf, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

#[test]
fn a_baked_policy_wins_over_a_named_one() {
    let mut files = Files::baked(MINIMAL.replace("name: p", "name: baked"));
    if !geteuid().is_root() {
        return files.refused(201, "belongs to uid");
    }
    files.name("/nowhere");
    assert_eq!(files.accepted().name, "baked");
    files.request.on_ecs = true;
    assert_eq!(files.accepted().name, "baked");
}

#[test]
fn without_any_policy_nothing_starts() {
    Files::new().refused(201, "no policy");
    let mut files = Files::new();
    files.name("/nowhere/policy.yaml");
    files.refused(201, "/nowhere/policy.yaml");
}

#[test]
fn a_named_policy_is_read_off_ecs_alone() {
    let mut files = Files::named(MINIMAL);
    assert_eq!(files.accepted().name, "p");
    files.request.on_ecs = true;
    files.refused(202, "MICRO_ENFORCER_POLICY");
}

#[test]
fn a_named_policy_may_be_reached_by_a_link() {
    let mut files = Files::named(MINIMAL);
    let link = files.laptop.path().join("link");
    symlink(files.path(), &link).unwrap();
    files.name(link);
    files.accepted();
}

#[test]
fn a_baked_policy_may_not() {
    let files = Files::new();
    write(&files.image.path().join("other"), MINIMAL);
    symlink("other", &files.request.baked).unwrap();
    files.refused(201, "no symbolic link");
}

#[test]
fn a_source_is_named_off_ecs_alone_and_in_a_form_that_is_known() {
    for source in [
        "ssm:/policies/a",
        "s3://policies/a",
        "https://example.com/a",
    ] {
        let mut files = Files::new();
        files.name(source);
        let grounds = documents::find(&files.request).unwrap();
        assert_eq!(grounds.sources()[0].as_str(), source);
        files.request.on_ecs = true;
        files.refused(202, "MICRO_ENFORCER_POLICY");
    }
    for source in [
        "ssm:policies",
        "s3://policies",
        "http://example.com/a",
        "https://example.com",
    ] {
        let mut files = Files::new();
        files.name(source);
        files.refused(201, "expected a path, ssm:/name");
    }
}

#[test]
fn documents_that_cannot_be_verified_are_never_ignored() {
    let mut files = Files::named(MINIMAL);
    files.request.break_glass = Some(OsString::new());
    files.refused(202, "MICRO_ENFORCER_BREAK_GLASS");
    let lists = MINIMAL.replace("effect: audit", "allowlists: [ssm:/a]");
    Files::named(lists).refused(202, "image.allowlists");
}

#[test]
fn what_is_baked_beside_the_policy_is_never_passed_over() {
    for name in ["trust.yaml", "floor.yaml"] {
        let mut files = Files::named(MINIMAL);
        symlink("dangling", files.image.path().join(name)).unwrap();
        files.refused(201, name);
        files.request.on_ecs = true;
        files.refused(201, name);
    }
}

#[test]
fn the_mode_can_be_tightened_and_nothing_else() {
    let mut files = Files::named(format!("{MINIMAL}mode: audit\nsyscalls: {{mode: audit}}\n"));
    assert_eq!(files.accepted().mode, Mode::Audit);
    files.request.mode = Some("enforce".into());
    let policy = files.accepted();
    assert_eq!((policy.mode, policy.syscalls.mode), (Mode::Enforce, None));
    let expiring = "expires: {at: 1970-01-02T00:00:00Z, then: audit}";
    write(&files.path(), format!("{MINIMAL}{expiring}\n"));
    assert!(files.accepted().in_force(86_400).is_err());
    for mode in ["audit", "", "Enforce", "enforce\n"] {
        files.request.mode = Some(mode.into());
        files.refused(200, "MICRO_ENFORCER_MODE");
    }
}

#[test]
fn a_policy_that_others_may_write_is_refused() {
    for exposed in [0o664, 0o646, 0o666] {
        let files = Files::baked(MINIMAL);
        mode(&files.request.baked, exposed);
        files.refused(201, "chmod go-w");
        let files = Files::named(MINIMAL);
        mode(&files.path(), exposed);
        files.refused(201, "chmod go-w");
    }
}

#[test]
fn so_is_one_in_a_directory_that_others_may_write() {
    let files = Files::baked(MINIMAL);
    mode(&files.image.path().to_path_buf(), 0o775);
    files.refused(201, "has mode 0775");
    let files = Files::named(MINIMAL);
    mode(&files.laptop.path().to_path_buf(), 0o757);
    files.refused(201, "has mode 0757");
}

#[test]
fn a_sticky_directory_will_do_on_a_laptop_but_not_in_an_image() {
    let files = Files::named(MINIMAL);
    mode(&files.laptop.path().to_path_buf(), 0o1777);
    files.accepted();
    let files = Files::baked(MINIMAL);
    mode(&files.image.path().to_path_buf(), 0o1777);
    files.refused(201, "has mode 1777");
}

#[test]
fn a_policy_of_another_user_is_refused() {
    if !geteuid().is_root() {
        return Files::baked(MINIMAL).refused(201, "belongs to uid");
    }
    let files = Files::named(MINIMAL);
    chown(
        &files.path(),
        Some(Uid::from_raw(12_345)),
        Some(Gid::from_raw(0)),
    )
    .unwrap();
    files.refused(201, "belongs to uid 12345");
}

#[test]
fn what_is_no_plain_file_is_refused_without_waiting() {
    let mut files = Files::new();
    files.name("/dev/zero");
    files.refused(201, "/dev/zero");
    files.name(files.laptop.path().as_os_str().to_owned());
    files.refused(201, "a regular file");
    let pipe = files.laptop.path().join("pipe");
    mkfifo(&pipe, stat::Mode::S_IRUSR).unwrap();
    files.name(pipe);
    files.refused(201, "a regular file");
    files.name("/etc/passwd/policy.yaml");
    files.refused(201, "/etc/passwd");
}

#[test]
fn an_unreadable_policy_is_refused() {
    if geteuid().is_root() {
        return;
    }
    let files = Files::named(MINIMAL);
    mode(&files.path(), 0o000);
    files.refused(201, "open");
}

#[test]
fn a_gigabyte_is_not_read() {
    let files = Files::named("");
    File::options()
        .write(true)
        .open(files.path())
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    files.refused(201, "larger than 262144 bytes");
}

#[test]
fn binary_and_empty_files_are_refused() {
    Files::named(b"\x7fELF\xff\xfe").refused(201, "not UTF-8");
    Files::named("").refused(201, "is empty");
    Files::named("\0\0\0\0").refused(201, "policy.yaml:1:1");
}
