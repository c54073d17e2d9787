//! What is in the memory of a process, seen by the host's root.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};

/// Which of these texts are anywhere in the writable memory of a process.
pub fn texts_in(pid: i32, texts: &[&str]) -> Vec<bool> {
    let maps = fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    let mut found = vec![false; texts.len()];
    for line in maps.lines().filter(|line| {
        line.split_whitespace()
            .nth(1)
            .is_some_and(|mode| mode.starts_with("rw"))
    }) {
        let (start, end) = line
            .split_whitespace()
            .next()
            .unwrap()
            .split_once('-')
            .unwrap();
        let [start, end] = [start, end].map(|address| u64::from_str_radix(address, 16).unwrap());
        let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
        memory.seek(SeekFrom::Start(start)).unwrap();
        // A mapping that cannot be read holds nothing of ours.
        if memory.read_exact(&mut bytes).is_ok() {
            for (text, found) in texts.iter().zip(&mut found) {
                *found |= contains(&bytes, text.as_bytes());
            }
        }
    }
    found
}

/// By the first byte, as a debug build is slow at comparing windows of megabytes.
fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .split(|byte| *byte == needle[0])
        .skip(1)
        .any(|rest| {
            let at = rest.as_ptr() as usize - haystack.as_ptr() as usize;
            haystack[at - 1..].starts_with(needle)
        })
}
