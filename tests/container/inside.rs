//! What the application sees of itself.

use crate::docker::Ended;

/// For `/bin/sh -c`: the environment, the kernel's view of this process, and PID 1's name.
pub const LOOK: &str = "env; cat /proc/$$/status; echo comm=$(cat /proc/1/comm)";

impl Ended {
    /// A field of `/proc/self/status`, or a variable.
    pub fn seen(&self, name: &str) -> &str {
        self.stdout
            .lines()
            .find_map(|line| {
                let rest = line.strip_prefix(name)?;
                rest.strip_prefix(":\t").or_else(|| rest.strip_prefix('='))
            })
            .unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .trim()
    }
}
