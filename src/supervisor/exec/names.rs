//! The names by which the image's files are executed.

use super::hashes::Stamp;
use std::collections::HashMap;
use std::io;

/// As many are remembered; then it begins anew.
const MOST: usize = 256;
/// Bytes: longer names are not remembered.
const LONGEST: usize = 256;

/// Absolute names that were asked for, and where they led.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Vec<u8>, Name>);

/// Where a name led when its file was in this state.
#[derive(Debug)]
struct Name {
    stamp: Stamp,
    /// What the kernel calls the file; `None`: the application could make the name lead to another name of the same
    /// file, so that the kernel is asked each time.
    path: Option<Vec<u8>>,
    settled: Settled,
}

/// Whether a name leads to the same file for whoever executes it, whatever the application does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Settled {
    /// Nobody has asked.
    Unknown,
    No,
    Yes,
}

impl Names {
    /// Asks the kernel once for each state and name that is `fixed`, which is asked once as well.
    pub(super) fn of(
        &mut self,
        asked: &[u8],
        stamp: Stamp,
        fixed: impl FnOnce() -> bool,
        ask: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        match self.0.get(asked).filter(|known| known.stamp == stamp) {
            Some(Name {
                path: Some(path), ..
            }) => return Ok(path.clone()),
            Some(Name { path: None, .. }) => return ask(),
            None => {}
        }
        let path = ask()?;
        if asked.len().max(path.len()) > LONGEST {
            return Ok(path);
        }
        if self.0.len() == MOST {
            self.0.clear();
        }
        let name = Name {
            stamp,
            path: fixed().then(|| path.clone()),
            settled: Settled::Unknown,
        };
        self.0.insert(asked.to_vec(), name);
        Ok(path)
    }

    /// After an execution by this name of a file in this state was verified.
    pub(super) fn verified(
        &mut self,
        asked: &[u8],
        stamp: &Stamp,
        is_settled: impl FnOnce() -> bool,
    ) {
        let known = self.0.get_mut(asked).filter(|known| {
            known.stamp == *stamp && known.path.is_some() && known.settled == Settled::Unknown
        });
        if let Some(name) = known {
            name.settled = if is_settled() {
                Settled::Yes
            } else {
                Settled::No
            };
        }
    }

    /// The state of the file to which a settled name leads, and what the kernel calls it.
    pub(super) fn settled(&self, asked: &[u8]) -> Option<(&Stamp, &[u8])> {
        let name = self.0.get(asked)?;
        let path = name.path.as_deref()?;
        (name.settled == Settled::Yes).then_some((&name.stamp, path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::status::Status;
    use std::os::fd::AsFd;

    #[test]
    fn a_name_is_asked_for_again_with_another_file_another_state_or_another_name_before_it() {
        let state = |size| {
            let file = std::fs::File::open("/").unwrap();
            Stamp::of(&Status {
                size,
                ..Status::of(file.as_fd()).unwrap()
            })
        };
        let mut names = Names::default();
        let mut asked = 0;
        let mut ask = |name: &str, size| {
            let answer = || {
                asked += 1;
                Ok(format!("{name} {asked}").into_bytes())
            };
            String::from_utf8(
                names
                    .of(name.as_bytes(), state(size), || true, answer)
                    .unwrap(),
            )
            .unwrap()
        };
        assert_eq!(ask("/bin/a", 1), "/bin/a 1");
        assert_eq!(ask("/bin/a", 1), "/bin/a 1");
        assert_eq!(ask("/bin/a", 2), "/bin/a 2");
        assert_eq!(ask("/bin/b", 1), "/bin/b 3");
        assert_eq!(ask("/bin/a", 1), "/bin/a 4");
        assert_eq!(ask("/bin/b", 1), "/bin/b 3");
    }

    #[test]
    fn a_long_name_is_not_remembered() {
        let file = std::fs::File::open("/").unwrap();
        let stamp = Stamp::of(&Status::of(file.as_fd()).unwrap());
        let mut names = Names::default();
        let long = [b'/'; LONGEST + 1];
        for answer in [b"a", b"b"] {
            let read = names.of(&long, stamp, || true, || Ok(answer.to_vec()));
            assert_eq!(read.unwrap(), answer);
        }
    }

    #[test]
    fn a_failure_is_not_remembered() {
        let file = std::fs::File::open("/").unwrap();
        let stamp = Stamp::of(&Status::of(file.as_fd()).unwrap());
        let mut names = Names::default();
        let fails = || Err(io::ErrorKind::NotFound.into());
        assert!(names.of(b"/bin/a", stamp, || true, fails).is_err());
        let read = names.of(b"/bin/a", stamp, || true, || Ok(b"x".to_vec()));
        assert_eq!(read.unwrap(), b"x");
    }

    #[test]
    fn a_name_is_settled_once_it_was_verified_for_the_state_in_which_it_was() {
        let file = std::fs::File::open("/").unwrap();
        let status = Status::of(file.as_fd()).unwrap();
        let [stamp, changed] = [0, 1].map(|size| Stamp::of(&Status { size, ..status }));
        let mut names = Names::default();
        let ask = |names: &mut Names, name: &[u8], stamp, fixed| {
            names
                .of(name, stamp, || fixed, || Ok(b"/usr/bin/a".to_vec()))
                .unwrap();
        };
        names.verified(b"/bin/a", &stamp, || true);
        assert_eq!(names.settled(b"/bin/a"), None);
        ask(&mut names, b"/bin/a", stamp, true);
        assert_eq!(names.settled(b"/bin/a"), None);
        names.verified(b"/bin/a", &changed, || true);
        assert_eq!(names.settled(b"/bin/a"), None);
        names.verified(b"/bin/a", &stamp, || true);
        assert_eq!(
            names.settled(b"/bin/a"),
            Some((&stamp, b"/usr/bin/a".as_slice()))
        );
        ask(&mut names, b"/bin/a", changed, true);
        assert_eq!(names.settled(b"/bin/a"), None);
        ask(&mut names, b"/bin/b", stamp, false);
        names.verified(b"/bin/b", &stamp, || true);
        assert_eq!(names.settled(b"/bin/b"), None);
    }

    #[test]
    fn whether_a_name_is_settled_is_asked_once() {
        let file = std::fs::File::open("/").unwrap();
        let stamp = Stamp::of(&Status::of(file.as_fd()).unwrap());
        let mut names = Names::default();
        let read = names.of(b"/bin/a", stamp, || true, || Ok(b"/bin/a".to_vec()));
        assert_eq!(read.unwrap(), b"/bin/a");
        names.verified(b"/bin/a", &stamp, || false);
        names.verified(b"/bin/a", &stamp, || unreachable!());
        assert_eq!(names.settled(b"/bin/a"), None);
    }
}
