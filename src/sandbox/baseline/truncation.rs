//! Truncation, which Landlock before ABI 3 (kernel 6.2) does not see. Without
//! these, a file outside `files.writable` could still be emptied.

use super::entry::{Call, Table};
use crate::finding::Rule;
use crate::sandbox::bpf::{Test, int};

/// `O_ACCMODE | O_TRUNC`, `O_TRUNC`
const MASK: u64 = 0x203;
const TRUNC: u64 = 0x200;
/// The access mode that asks for neither reading nor writing.
const NEITHER: u64 = 3;

pub(super) fn add(table: &mut Table) {
    // By path. ftruncate needs a descriptor that was opened for writing.
    table.refuse_when(
        Rule::FILE_WRITE,
        libc::EACCES,
        "truncating a file by its path",
        &[Call::new("truncate", 76, 45)],
        &[],
    );
    // Opening with O_TRUNC but not for writing, which POSIX leaves undefined,
    // truncates as well.
    for (call, flags) in [
        (Call::x86_64("open", 2), 1),
        (Call::new("openat", 257, 56), 2),
    ] {
        let with = |mode| {
            int(
                flags,
                Test::Masked {
                    mask: MASK,
                    value: TRUNC | mode,
                },
            )
        };
        let what = "truncating a file without opening it for writing";
        table.refuse_when(
            Rule::FILE_WRITE,
            libc::EACCES,
            what,
            &[call],
            &[&[with(0)], &[with(NEITHER)]],
        );
    }
}
