//! Who has the caller's descriptors beside it.

use std::fs;

/// Whether the caller is its process's only thread, so that nobody exchanges its descriptors: to share them with another
/// process is refused by the filter.
pub(super) fn is_alone(tid: i32) -> bool {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).unwrap_or_default();
    let threads = status
        .lines()
        .find_map(|line| line.strip_prefix("Threads:"));
    threads.is_some_and(|threads| threads.trim() == "1")
}
