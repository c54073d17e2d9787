//! Opening for writing, changing files by path, and what is said about them.

use crate::sandbox::baseline::{Call, Guard, Table};
use crate::sandbox::bpf::{Condition, Test, int};
use crate::sandbox::files::Plan;

const OPEN: Call = Call::x86_64("open", 2);
const OPENAT: Call = Call::new("openat", 257, 56);
const CREAT: [Call; 1] = [Call::x86_64("creat", 85)];
const TRUNCATE: [Call; 1] = [Call::new("truncate", 76, 45)];
/// Making and removing.
const NAMES: [Call; 9] = [
    Call::x86_64("mkdir", 83),
    Call::new("mkdirat", 258, 34),
    Call::x86_64("mknod", 133),
    Call::new("mknodat", 259, 33),
    Call::x86_64("rmdir", 84),
    Call::x86_64("unlink", 87),
    Call::new("unlinkat", 263, 35),
    Call::x86_64("symlink", 88),
    Call::new("symlinkat", 266, 36),
];
const MOVES: [Call; 5] = [
    Call::x86_64("link", 86),
    Call::new("linkat", 265, 37),
    Call::x86_64("rename", 82),
    Call::new("renameat", 264, 38),
    Call::new("renameat2", 316, 276),
];
const METADATA: [Call; 18] = [
    Call::x86_64("chmod", 90),
    Call::new("fchmod", 91, 52),
    Call::new("fchmodat", 268, 53),
    Call::same("fchmodat2", 452),
    Call::x86_64("chown", 92),
    Call::x86_64("lchown", 94),
    Call::new("fchown", 93, 55),
    Call::new("fchownat", 260, 54),
    Call::x86_64("utime", 132),
    Call::x86_64("utimes", 235),
    Call::x86_64("futimesat", 261),
    Call::new("utimensat", 280, 88),
    Call::new("setxattr", 188, 5),
    Call::new("lsetxattr", 189, 6),
    Call::new("fsetxattr", 190, 7),
    Call::new("removexattr", 197, 14),
    Call::new("lremovexattr", 198, 15),
    Call::new("fremovexattr", 199, 16),
];
/// Later ways to the same, which every libc does without: their arguments lie in memory.
const LATER: [Call; 3] = [
    Call::same("setxattrat", 463),
    Call::same("removexattrat", 466),
    Call::same("file_setattr", 469),
];

/// The same number on both architectures, unlike `O_DIRECTORY` and its like.
const O_PATH: u64 = 0o10_000_000;
/// Opens that can change something: `O_WRONLY`, `O_RDWR`, `O_CREAT`, `O_TRUNC`. `O_TMPFILE` is one of them.
const CHANGES: u64 = 0o1103;
/// `O_ACCMODE | O_TRUNC`, `O_TRUNC`
const TRUNCATION: u64 = 0o1003;
const TRUNC: u64 = 0o1000;
/// The access mode that asks for neither reading nor writing.
const NEITHER: u64 = 3;

pub(super) fn add(table: &mut Table, plan: Plan) {
    opens(table, plan);
    let mut ask = |asks: bool, what, calls: &[Call]| {
        if asks {
            table.ask(Guard::Files, what, calls, &[]);
        }
    };
    ask(plan.asks_for_names(), "changing a directory", &NAMES);
    ask(plan.asks_for_moves(), "moving a file", &MOVES);
    ask(plan.asks_for_truncation(), "truncating a file", &TRUNCATE);
    ask(
        plan.asks_for_metadata(),
        "changing what is said about a file",
        &METADATA,
    );
    if plan.asks_for_metadata() {
        table.answer(
            libc::ENOSYS,
            "changing what is said about a file",
            &LATER,
            &[],
        );
    }
}

/// What only names a file (`O_PATH`) opens nothing.
fn opens(table: &mut Table, plan: Plan) {
    for (call, flags) in [(OPEN, 1), (OPENAT, 2)] {
        let masked = |mask, value| int(flags, Test::Masked { mask, value });
        let really = masked(O_PATH, 0);
        let truncates = |mode| masked(TRUNCATION | O_PATH, TRUNC | mode);
        let mut ask = |cases: &[&[Condition]]| {
            table.ask(Guard::Files, "opening a file", &[call], cases);
        };
        if plan.asks_for_reads() {
            ask(&[&[really]]);
        } else if plan.asks_for_writes() {
            ask(&[&[really, int(flags, Test::AnyBit(CHANGES))]]);
        } else if plan.asks_for_truncation() {
            // Undefined by POSIX, and Landlock before ABI 3 does not see it.
            ask(&[&[truncates(0)], &[truncates(NEITHER)]]);
        }
    }
    if plan.asks_for_writes() {
        table.ask(Guard::Files, "opening a file", &CREAT, &[]);
    }
}
