//! The dynamic loader as a program: `ld-linux.so ./x` runs `./x`, whether or not it may be executed (ld.so(8)).

use crate::judge::exec::base;

/// Options that take the next word.
const WITH_VALUE: [&[u8]; 7] = [
    b"--library-path",
    b"--inhibit-rpath",
    b"--audit",
    b"--preload",
    b"--argv0",
    b"--glibc-hwcaps-prepend",
    b"--glibc-hwcaps-mask",
];

/// What a loader is told.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Told<'a> {
    /// The program, if it names one.
    pub(super) program: Option<&'a [u8]>,
    /// Libraries to load before it.
    pub(super) libraries: Vec<&'a [u8]>,
}

/// By name: a loader is found under the name that programs ask for.
pub(super) fn is_loader(path: &[u8]) -> bool {
    let name = base(path);
    let numbered = name
        .strip_prefix(b"ld-")
        .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_digit));
    [b"ld-linux".as_slice(), b"ld-musl", b"ld.so", b"ld64.so"].iter().any(|known| name.starts_with(known))
        || numbered
        // musl's loader and its C library are one file.
        || name == b"libc.so"
        || name.starts_with(b"libc.musl")
}

/// Reads its arguments, without the first.
pub(super) fn told(arguments: &[Vec<u8>]) -> Told<'_> {
    let mut told = Told::default();
    let mut words = arguments.iter().skip(1).map(Vec::as_slice);
    while let Some(word) = words.next() {
        if word == b"--" {
            told.program = words.next();
            break;
        }
        if !word.starts_with(b"--") {
            told.program = Some(word);
            break;
        }
        let (name, value) = split(word);
        let value = match value {
            None if WITH_VALUE.contains(&name) => words.next(),
            value => value,
        };
        if matches!(name, b"--audit" | b"--preload") {
            told.libraries.extend(value.into_iter().flat_map(listed));
        }
    }
    told
}

/// Files in a list such as `LD_PRELOAD`'s.
pub(super) fn listed(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|byte| b": ".contains(byte))
        .filter(|name| !name.is_empty())
}

/// musl takes `--preload=x`.
fn split(word: &[u8]) -> (&[u8], Option<&[u8]>) {
    match word.iter().position(|byte| *byte == b'=') {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ')
            .map(|word| word.as_bytes().to_vec())
            .collect()
    }

    #[test]
    fn the_first_word_that_is_no_option_is_the_program() {
        for line in [
            "ld ./x -a",
            "ld --library-path /l ./x",
            "ld --argv0=n ./x",
            "ld -- ./x",
            "ld --inhibit-cache ./x",
        ] {
            assert_eq!(
                told(&words(line)).program,
                Some(b"./x".as_slice()),
                "{line}"
            );
        }
        assert_eq!(told(&words("ld --version")).program, None);
    }

    #[test]
    fn libraries_to_preload_are_named() {
        let line = words("ld --preload /a.so:/b.so --audit /c.so ./x");
        assert_eq!(
            told(&line).libraries,
            [b"/a.so".as_slice(), b"/b.so", b"/c.so"]
        );
    }

    #[test]
    fn a_loader_is_known_by_its_name() {
        for path in [
            "/lib64/ld-linux-x86-64.so.2",
            "/lib/ld-musl-x86_64.so.1",
            "/lib/ld-2.31.so",
            "/usr/lib/libc.so",
        ] {
            assert!(is_loader(path.as_bytes()), "{path}");
        }
        assert!(!is_loader(b"/usr/bin/ld"));
        assert!(!is_loader(b"/lib/x86_64-linux-gnu/libc.so.6"));
    }
}
