//! Programs by names that are settled: those that the application can make lead nowhere else, and cannot forge.
//!
//! The kernel resolves such a name to the file that we have looked at, whenever it does, so that the exec stop need not
//! ask which file that was: the name will do, of which the kernel leaves its own copy on the new program's stack. To ask
//! is a look into /proc, for which the kernel keeps books that are thrown away with each short process.

use super::super::resolve;
use super::call::Call;
use super::hashes::Stamp;
use super::reader::{Chain, Reader, applet};
use crate::judge::exec::{File, Origin};
use crate::sys::status::Status;
use std::ffi::CString;

impl Reader {
    /// What is executed by a name that is settled: nothing is opened, and the exec stop asks for the name alone.
    pub(super) fn settled(&self, call: &Call) -> Option<Chain> {
        let (stamp, path) = self.names.settled(&call.path)?;
        let status = Status::at(&CString::new(call.path.as_slice()).ok()?).ok()?;
        let is_the_same = Stamp::of(&status) == *stamp && self.is_still_shipped(&status);
        is_the_same.then(|| Chain {
            files: vec![File {
                origin: Origin::Image,
                id: stamp.id(),
                path: path.to_vec(),
                applet: applet(&call.arguments, &call.path),
            }],
            binary: *stamp,
            is_script: false,
            hangs_on_arguments: false,
            is_settled: true,
        })
    }

    /// Of a file of the image in a state in which it was of the image.
    fn is_still_shipped(&self, status: &Status) -> bool {
        match &self.hashes {
            None => self.baseline.is_image(status),
            Some(hashes) => {
                self.baseline.by_place(status, b"") == Origin::Image
                    && hashes.has(&Stamp::of(status))
            }
        }
    }

    /// Whoever executed something by its name was seen to have become just that.
    pub(super) fn verified(&mut self, call: &Call, chain: &Chain) {
        let [file] = chain.files.as_slice() else {
            return;
        };
        let is_plain = !chain.is_script && !chain.hangs_on_arguments && !chain.is_settled;
        if !self.one_root || !is_plain || file.origin != Origin::Image {
            return;
        }
        let is_settled = || {
            let mounts = std::fs::read_to_string("/proc/self/mountinfo");
            // Who could write to the new program's stack could forge the name before we read it.
            mounts.is_ok_and(|mounts| self.mutable.is_kept_from_memory(&mounts))
                && resolve::is_straight(&call.path)
                && !self.mutable.can_lead_elsewhere_anyhow(&call.path)
        };
        self.names.verified(&call.path, &chain.binary, is_settled);
    }
}
