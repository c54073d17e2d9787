//! What the kernel calls the image's files.

use super::hashes::Stamp;
use std::collections::HashMap;
use std::io;

/// As many are remembered; then it begins anew.
const MOST: usize = 256;
/// Bytes: longer names are not remembered.
const LONGEST: usize = 256;

/// The last absolute name that each file was asked for by, and where that leads to; `None`: the application could make
/// it lead to another name of the same file, so that the kernel is asked each time.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Stamp, (Vec<u8>, Option<Vec<u8>>)>);

impl Names {
    /// Asks the kernel once for each state and name that is `fixed`, which is asked once as well.
    pub(super) fn of(
        &mut self,
        asked: &[u8],
        stamp: Stamp,
        fixed: impl FnOnce() -> bool,
        ask: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        match self.0.get(&stamp).filter(|(known, _)| known == asked) {
            Some((_, Some(path))) => return Ok(path.clone()),
            Some((_, None)) => return ask(),
            None => {}
        }
        let path = ask()?;
        if asked.len().max(path.len()) > LONGEST {
            return Ok(path);
        }
        if self.0.len() == MOST {
            self.0.clear();
        }
        let kept = fixed().then(|| path.clone());
        self.0.insert(stamp, (asked.to_vec(), kept));
        Ok(path)
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
}
