//! Executable mappings, looked at when mmap is called.
//!
//! Nothing verifies them: a second thread can put another descriptor in the place of the one that was looked at.

use super::super::held::{Blind, Held, Ruling};
use super::Guard;
use super::reader::Unknown;
use super::verify::leads_to;
use crate::finding::Rule;
use crate::sys::status::Status;
use nix::errno::Errno;
use std::os::fd::AsFd;

/// What the start event says of them.
pub(super) const STATE: &str =
    "new libraries are only detected, as a second thread can beat the look";

impl Guard {
    /// An executable mapping of a file; it fails as on a mount without the right to execute.
    pub(super) fn mapped(&mut self, held: &Held<'_>) -> Result<Ruling, Unknown> {
        let descriptor = held.int(4);
        if descriptor < 0 {
            return Err(Errno::EBADF.into());
        }
        // Most are, and there is no more to be looked at; whatever is wrong with another is told below. If nobody waits
        // for the answer any more, nobody gets it.
        let status = leads_to(held.tid(), &format!("fd/{descriptor}"));
        if status.is_ok_and(|status| self.reader.is_shipped(&status)) {
            return Ok(Ruling::go_on());
        }
        let verdict = match held.directory(descriptor) {
            Ok(file) => {
                let file = file?;
                // What is no file has no bytes that the image could have shipped.
                let status = Status::of(file.as_fd())?;
                if !status.is(libc::S_IFREG) {
                    return Ok(Ruling::go_on());
                }
                let file = self.reader.seen(&file, &status, Vec::new())?;
                self.judge.library(&file)
            }
            Err(Blind::Hidden(errno)) => self.judge.unseen_library(errno.desc()),
            Err(blind) => return Ok(blind.ruling(Rule::EXEC_NEW_LIBRARY)),
        };
        Ok(verdict.map_or_else(Ruling::go_on, |verdict| {
            Ruling::violation(verdict, Errno::EPERM)
        }))
    }
}
