//! Which sockets somebody still has: a file does not tell how many descriptors lead to it.

use super::reach::inode;
use std::collections::HashMap;
use std::fs;
use std::os::unix::ffi::OsStringExt;

/// A thread, and a number of its.
pub(super) type Place = (i32, i32);

/// Those that are in use, and where. First where they were seen last, then everywhere.
pub(super) fn still_used(places: HashMap<u64, Place>) -> HashMap<u64, Place> {
    let (mut found, mut sought) = (HashMap::new(), HashMap::new());
    for (inode, (tid, number)) in places {
        if at(&format!("/proc/{tid}/fd/{number}")) == Some(inode) {
            found.insert(inode, (tid, number));
        } else {
            sought.insert(inode, (tid, number));
        }
    }
    for pid in processes() {
        if sought.is_empty() {
            break;
        }
        for (number, inode) in sockets(pid) {
            if sought.remove(&inode).is_some() {
                found.insert(inode, (pid, number));
            }
        }
    }
    found
}

/// Who has this socket.
pub(super) fn owner(inode: u64) -> Option<i32> {
    let has = |pid: &i32| sockets(*pid).iter().any(|(_, other)| *other == inode);
    processes().into_iter().find(has)
}

/// Everybody but us.
fn processes() -> Vec<i32> {
    let own = nix::unistd::getpid().as_raw();
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid != own).collect()
}

/// Nobody's, where we may not look: who has become another user has no sockets of ours that we could use.
fn sockets(pid: i32) -> Vec<(i32, u64)> {
    let folder = format!("/proc/{pid}/fd");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Some((number, at(&format!("{folder}/{number}"))?))
        })
        .collect()
}

fn at(link: &str) -> Option<u64> {
    let name = fs::read_link(link).ok()?.into_os_string().into_vec();
    inode(&name)
}
