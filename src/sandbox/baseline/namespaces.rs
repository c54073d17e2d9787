//! Ways out of the container: namespaces, mounts, handles.

use super::ESCAPE;
use super::entry::{Call, Table};
use crate::sandbox::bpf::{Test, int};

/// `CLONE_NEWNS`, `CGROUP`, `UTS`, `IPC`, `USER`, `PID`, `NET`
const NEW_NAMESPACE: u64 = 0x7E02_0000;
/// `CLONE_NEWTIME`; in clone(2) the same bit is part of the exit signal.
const NEW_TIME: u64 = 0x80;

pub(super) fn add(table: &mut Table) {
    ways_out(table);
    // Their flags are behind a pointer, where no filter sees them. Every libc
    // falls back to clone and openat on ENOSYS, and Docker answers clone3 so too.
    table.answer(
        libc::ENOSYS,
        "flags behind a pointer",
        &[Call::same("clone3", 435), Call::same("openat2", 437)],
        &[],
    );
}

/// What nobody needs, not even we.
pub(in crate::sandbox) fn ways_out(table: &mut Table) {
    // A user namespace gives every capability inside it, and with them most of
    // the kernel's attack surface. The flags are a long, but only the lower half
    // has any. The other uses of both calls are left alone.
    table.refuse_when(
        ESCAPE,
        libc::EPERM,
        "making a namespace",
        &[Call::new("clone", 56, 220)],
        &[&[int(0, Test::AnyBit(NEW_NAMESPACE))]],
    );
    table.refuse_when(
        ESCAPE,
        libc::EPERM,
        "making a namespace",
        &[Call::new("unshare", 272, 97)],
        &[&[int(0, Test::AnyBit(NEW_NAMESPACE | NEW_TIME))]],
    );
    table.refuse(
        ESCAPE,
        "entering a namespace",
        &[Call::new("setns", 308, 268)],
    );

    table.refuse(
        ESCAPE,
        "changing what is mounted",
        &[
            Call::new("mount", 165, 40),
            Call::new("umount2", 166, 39),
            Call::new("pivot_root", 155, 41),
            Call::same("open_tree", 428),
            Call::same("open_tree_attr", 467),
            Call::same("move_mount", 429),
            Call::same("fsopen", 430),
            Call::same("fsconfig", 431),
            Call::same("fsmount", 432),
            Call::same("fspick", 433),
            Call::same("mount_setattr", 442),
        ],
    );

    // Opens any inode of a file system by number, also those outside the
    // container's root ("Shocker"). fanotify hands out descriptors for other
    // processes' files.
    table.refuse(
        ESCAPE,
        "opening files past their paths",
        &[
            Call::new("open_by_handle_at", 304, 265),
            Call::new("fanotify_init", 300, 262),
        ],
    );
}
