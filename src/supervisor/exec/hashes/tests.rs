//! Files in every state, against a manifest of one.

use super::*;
use std::io::Write;

const HASH: &str = "8ed3f6ad685b959ead7022518e1af76cd816f8e8ec7ccdda1ed4018e8f2223f8";

fn file(bytes: &[u8]) -> OwnedFd {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file.into()
}

fn hashes() -> Hashes {
    let text =
        format!("{{\"version\": 1, \"algorithm\": \"sha256\", \"files\": {{\"/a\": \"{HASH}\"}}}}");
    Hashes::new(Manifest::read(text.as_bytes(), "m").unwrap())
}

/// Compares until it is known; and how many rounds that took.
fn compare(hashes: &mut Hashes, file: &OwnedFd, path: &[u8]) -> (Comparison, usize) {
    let status = Status::of(file.as_fd()).unwrap();
    let (mut known, mut rounds) = (Known::new(), 0);
    loop {
        match hashes.compare(file, &status, path, &mut known) {
            Ok(comparison) => return (comparison, rounds),
            Err(stamp) => assert!(hashes.reads(&stamp)),
        }
        rounds += 1;
        known.extend(hashes.go_on());
    }
}

#[test]
fn a_file_is_what_the_manifest_says_or_it_is_not() {
    let mut hashes = hashes();
    for (bytes, path, is) in [
        (b"alpha", b"/a", Comparison::Same),
        (b"alphb", b"/a", Comparison::Differs),
        (b"alpha", b"/b", Comparison::Unlisted),
    ] {
        assert_eq!(compare(&mut hashes, &file(bytes), path), (is, 0));
    }
}

#[test]
fn a_large_file_is_read_in_slices_and_others_meanwhile() {
    let mut hashes = hashes();
    let large = file(&vec![7; 4 * SLICE]);
    let status = Status::of(large.as_fd()).unwrap();
    let asked = |hashes: &mut Hashes| {
        let mut none = Known::new();
        hashes.compare(&large, &status, b"/a", &mut none).is_err()
    };
    assert!(asked(&mut hashes) && asked(&mut hashes) && hashes.is_busy());
    assert_eq!(hashes.jobs.len(), 1);
    assert_eq!(
        compare(&mut hashes, &file(b"alpha"), b"/a"),
        (Comparison::Same, 0)
    );
    let rounds = (0..9).take_while(|_| hashes.go_on().is_none()).count();
    assert_eq!((rounds, hashes.is_busy()), (3, false));
}

#[test]
fn what_has_just_changed_is_read_again_and_what_is_old_is_not() {
    let mut hashes = hashes();
    let old = File::open("/bin/sh").unwrap().into();
    for (file, remembered) in [(&file(b"alpha"), 0), (&old, 1)] {
        compare(&mut hashes, file, b"/a");
        assert_eq!(hashes.settled.len(), remembered);
    }
    assert_eq!(compare(&mut hashes, &old, b"/a").1, 0);
}

#[test]
fn nothing_is_known_of_a_file_that_changes_while_it_is_read() {
    let mut hashes = hashes();
    let file = file(&vec![7; SLICE + 1]);
    let status = Status::of(file.as_fd()).unwrap();
    let mut none = Known::new();
    assert!(hashes.compare(&file, &status, b"/a", &mut none).is_err());
    File::from(file.try_clone().unwrap())
        .set_len(SLICE as u64)
        .unwrap();
    assert!(matches!(hashes.go_on(), Some((_, None))));
}
