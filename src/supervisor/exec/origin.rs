//! Whether the image shipped a file.
//!
//! The application can set every time of a file but the change time. What was changed after our own start is new, and
//! so is what lies on another mount than the image. Chown, chmod, linking, or opening for writing changes a file of
//! the image (overlayfs copies it up), so that it counts as new from then on.

use super::super::clock::{DRIFT, wall};
use crate::judge::exec::{FileId, Origin};
use crate::sys::status::{Status, Time};
use nix::time::{ClockId, clock_gettime};
use std::io;
use std::os::fd::AsFd;

/// The moment before the application, and the mount of the image.
#[derive(Debug)]
pub(super) struct Baseline {
    /// The clock that files are stamped with; it runs ahead of no change that follows.
    start: Time,
    /// Wall clock less time since boot, in seconds: smaller once somebody sets the clock back.
    wall: i64,
    /// The mount of the image's root.
    mount: u64,
}

impl Baseline {
    /// Now, before there is an application.
    pub(super) fn take() -> io::Result<Self> {
        let root = nix::fcntl::open(
            "/",
            nix::fcntl::OFlag::O_PATH,
            nix::sys::stat::Mode::empty(),
        )?;
        let now = clock_gettime(ClockId::CLOCK_REALTIME_COARSE)?;
        Ok(Self {
            start: (now.tv_sec(), u32::try_from(now.tv_nsec()).unwrap_or(0)),
            wall: wall()?,
            mount: Status::of(root.as_fd())?.mount,
        })
    }

    /// What its place says about an opened file; `path` is what the kernel calls it.
    pub(super) fn by_place(&self, status: &Status, path: &[u8]) -> Origin {
        if status.links == 0 || path.starts_with(b"/memfd:") {
            return Origin::Fileless;
        }
        if status.mount != self.mount {
            return Origin::New("it lies on another mount than the image");
        }
        Origin::Image
    }

    /// What its change time says.
    pub(super) fn by_time(&self, status: &Status) -> Origin {
        if self.changed_since(status.changed) {
            return Origin::New("it was changed after the start");
        }
        match wall() {
            Ok(wall) if wall >= self.wall - DRIFT => Origin::Image,
            _ => Origin::New("the wall clock went back, so that change times prove nothing"),
        }
    }

    /// Whether the image shipped it, for all that place and time say; what has no name lies on a mount of its own.
    pub(super) fn is_image(&self, status: &Status) -> bool {
        self.by_place(status, b"") == Origin::Image && self.by_time(status) == Origin::Image
    }

    /// The wall clock went back since, in an image on this mount.
    #[cfg(test)]
    pub(super) fn with_clock_gone_back(mount: u64) -> Self {
        let taken = Self::of_mount(mount);
        Self {
            wall: taken.wall + 3600,
            ..taken
        }
    }

    /// Now, for an image on this mount.
    #[cfg(test)]
    pub(super) fn of_mount(mount: u64) -> Self {
        Self {
            mount,
            ..Self::take().unwrap()
        }
    }

    /// Not strictly before the start. A file system that keeps whole seconds rounds down.
    fn changed_since(&self, changed: Time) -> bool {
        let (seconds, nanoseconds) = self.start;
        match changed.1 {
            0 => changed.0 >= seconds - 1,
            _ => changed >= (seconds, nanoseconds),
        }
    }
}

/// By device and inode.
pub(super) const fn id(status: &Status) -> FileId {
    FileId {
        device: status.device,
        inode: status.inode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn baseline() -> Baseline {
        Baseline {
            start: (1000, 500),
            wall: wall().unwrap(),
            mount: 7,
        }
    }

    fn origin(change: impl FnOnce(&mut Status)) -> Origin {
        let mut status = Status {
            device: (0, 1),
            inode: 5,
            mount: 7,
            mode: libc::S_IFREG | 0o755,
            uid: 0,
            gid: 0,
            links: 1,
            size: 1,
            changed: (999, 1),
        };
        change(&mut status);
        match baseline().by_place(&status, b"/bin/x") {
            Origin::Image => baseline().by_time(&status),
            other => other,
        }
    }

    #[test]
    fn what_was_changed_before_the_start_on_the_image_s_mount_is_the_image_s() {
        assert_eq!(origin(|_| {}), Origin::Image);
        assert_eq!(origin(|status| status.changed = (1000, 499)), Origin::Image);
    }

    #[test]
    fn the_tick_of_the_start_counts_as_after_it() {
        assert!(matches!(
            origin(|status| status.changed = (1000, 500)),
            Origin::New(_)
        ));
    }

    #[test]
    fn whole_seconds_may_have_been_rounded_down() {
        assert!(matches!(
            origin(|status| status.changed = (999, 0)),
            Origin::New(_)
        ));
        assert_eq!(origin(|status| status.changed = (998, 0)), Origin::Image);
    }

    #[test]
    fn another_mount_is_new_and_a_file_without_a_name_is_none() {
        assert!(matches!(origin(|status| status.mount = 8), Origin::New(_)));
        assert_eq!(origin(|status| status.links = 0), Origin::Fileless);
    }

    #[test]
    fn a_clock_that_went_back_proves_nothing() {
        let baseline = Baseline {
            wall: wall().unwrap() + 3600,
            ..baseline()
        };
        let file = std::fs::File::open("/").unwrap();
        let status = Status {
            mount: 7,
            changed: (1, 1),
            ..Status::of(file.as_fd()).unwrap()
        };
        assert!(matches!(baseline.by_time(&status), Origin::New(_)));
    }
}
