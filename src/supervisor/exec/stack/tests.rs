//! As the kernel lays it, and as it could be laid wrong.

use super::*;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::io::Write;
use std::process::{Command, Stdio};

fn parse(mut bytes: Bytes, stack: Stack) -> Option<InitialStack> {
    let parts = Parts::of(bytes.read_so_far(), stack)?;
    bytes.strings = parts.arguments.start;
    Some(InitialStack { bytes, parts })
}

/// Where the made-up stacks begin.
const POINTER: u64 = 0x1000;

/// Words of this width, then a gap, then the strings.
fn laid(word: usize, words: &[u64], strings: &[u8]) -> (Bytes, Stack) {
    let mut buffer: Vec<u8> = words
        .iter()
        .flat_map(|value| value.to_ne_bytes()[..word].to_vec())
        .collect();
    buffer.resize(256, 0);
    buffer.extend(strings);
    let bytes = Bytes {
        length: buffer.len(),
        buffer,
        strings: 0,
    };
    let pointer = POINTER;
    (bytes, Stack { pointer, word })
}

fn string(offset: u64) -> u64 {
    POINTER + 256 + offset
}

const STRINGS: &[u8] = b"sh\0-c\0A=x\0LD_PRELOAD=y\0/bin/sh\0";

/// Two arguments, two variables, and an auxiliary vector with the name in it.
fn words() -> Vec<u64> {
    let vector = [6, 4096, AT_EXECFN, string(23), AT_NULL, 0];
    [2, string(0), string(3), 0, string(6), string(10), 0]
        .into_iter()
        .chain(vector)
        .collect()
}

#[test]
fn arguments_environment_and_name_are_told_apart_whatever_the_width_of_a_word() {
    for word in [4, 8] {
        let (bytes, stack) = laid(word, &words(), STRINGS);
        let parsed = parse(bytes, stack).unwrap();
        assert_eq!(parsed.arguments(), [b"sh".to_vec(), b"-c".to_vec()]);
        let environment: Vec<&[u8]> = parsed.environment().collect();
        assert_eq!(environment, [b"A=x".as_slice(), b"LD_PRELOAD=y", b""]);
        assert_eq!(parsed.name(), b"/bin/sh");
    }
}

#[test]
fn a_program_may_have_neither_arguments_nor_an_environment() {
    let words = [0, 0, 0, AT_EXECFN, string(0), AT_NULL, 0];
    let (bytes, stack) = laid(8, &words, b"/bin/sh\0");
    let parsed = parse(bytes, stack).unwrap();
    assert!(parsed.arguments().is_empty());
    assert_eq!(parsed.environment().collect::<Vec<_>>(), [b""]);
    assert_eq!(parsed.name(), b"/bin/sh");
}

#[test]
fn a_stack_that_breaks_off_is_none() {
    let whole = 256 + STRINGS.len();
    for length in 0..whole {
        let (mut bytes, stack) = laid(8, &words(), STRINGS);
        bytes.length = length;
        assert!(parse(bytes, stack).is_none(), "{length}");
    }
}

#[test]
fn strings_that_lie_elsewhere_are_not_believed() {
    let change = |index: usize, value: u64| {
        let mut words = words();
        words[index] = value;
        let (bytes, stack) = laid(8, &words, STRINGS);
        parse(bytes, stack).is_none()
    };
    assert!(!change(1, string(0)));
    // The first argument before the stack, among the pointers, and behind the environment.
    assert!(change(1, POINTER - 1) && change(1, POINTER) && change(1, string(10)));
    // The first variable behind the name, and the name before it, in the middle of it, and out of sight.
    assert!(change(4, string(24)));
    assert!(change(10, string(0)) && change(10, string(12)) && change(10, string(9000)));
    // No name at all, and more arguments than there are words.
    assert!(change(9, 33) && change(0, u64::MAX));
}

/// Stopped where it is about to begin, and what it was executed by.
fn stopped(set: impl Fn(&mut Command)) -> InitialStack {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "read line; exec /bin/sleep 60 two '' four"]);
    shell.stdin(Stdio::piped()).env_clear();
    set(&mut shell);
    let mut child = shell.spawn().unwrap();
    let pid = child.id().cast_signed();
    trace::seize(pid).unwrap();
    child.stdin.take().unwrap().write_all(b"\n").unwrap();
    let next = || {
        let stop = waitpid(Pid::from_raw(pid), Some(WaitPidFlag::__WALL)).unwrap();
        assert!(matches!(stop, WaitStatus::PtraceEvent(..)), "{stop:?}");
        InitialStack::of(pid).unwrap()
    };
    let mut read = next();
    // The shell itself may have begun only then.
    if read.name() == b"/bin/sh" {
        trace::resume(pid, 0).unwrap();
        read = next();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    read
}

#[test]
fn at_the_exec_stop_all_of_it_is_there_however_long_the_environment_is() {
    for length in [0, ONE_READ, 8 * ONE_READ] {
        let value = "x".repeat(length);
        let stack = stopped(|shell| {
            shell.env("A", &value).env("LD_PRELOAD_", "last");
        });
        let told: [&[u8]; 5] = [b"/bin/sleep", b"60", b"two", b"", b"four"];
        assert_eq!(stack.arguments(), told);
        assert_eq!(stack.name(), b"/bin/sleep");
        let value = format!("A={value}");
        let mut seen: Vec<&[u8]> = stack.environment().collect();
        seen.retain(|entry| !entry.starts_with(b"PWD=") && !entry.is_empty());
        seen.sort_unstable();
        assert_eq!(seen, [value.as_bytes(), b"LD_PRELOAD_=last"]);
    }
}

#[test]
fn what_is_not_stopped_has_no_stack_to_be_looked_at() {
    assert!(InitialStack::of(nix::unistd::getpid().as_raw()).is_err());
}
