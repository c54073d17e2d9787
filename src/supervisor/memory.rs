//! A caller's memory, as it is when it is read.

use super::held::{Blind, PATH_MAX};
use crate::sys::caps;
use crate::sys::ids::{self, RealUser};
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat};
use nix::sys::stat::Mode;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs::File;
use std::io::{self, IoSliceMut};
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;
use zeroize::Zeroize;

/// The smallest page of both architectures.
const PAGE: u64 = 4096;
const POINTER: usize = size_of::<u64>();

/// The memory of one process.
#[derive(Debug)]
pub(super) struct Memory {
    way: Way,
    /// Once a string was read.
    last: RefCell<Option<Piece>>,
}

/// How it is reached.
#[derive(Debug)]
enum Way {
    /// One call a read, by `process_vm_readv(2)`. Whom the id means is for the caller to ask afterwards.
    Direct(Pid),
    /// `/proc/TID/mem`: what is opened is the address space (proc(5)), whatever becomes of the id.
    File(File),
}

/// How everybody's is reached here.
#[derive(Debug)]
enum Access {
    /// By `process_vm_readv(2)`, which goes by the real ids: ours do.
    Directly,
    /// The same with the real id of the application's user, as ours differ without `CAP_SYS_PTRACE`.
    As(RealUser),
    /// The container runtime's filter refuses it.
    ThroughFiles,
}

/// What was read last for a string: the next one often lies beside it, or is the same. It is wiped, as who knows what
/// else lies there.
#[derive(Debug)]
struct Piece {
    at: u64,
    bytes: [u8; 256],
    length: usize,
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.bytes[..self.length].zeroize();
    }
}

/// A string behind a pointer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Text {
    /// All of it.
    Whole(Vec<u8>),
    /// No NUL within the limit.
    TooLong,
}

/// Looks into the memory of the process that this thread belongs to.
///
/// A file in /proc makes the kernel keep books about a process that are thrown away with it, which costs as much as
/// several calls that do without. Who acts for somebody with other ids than the application's reaches him by a file
/// alone: that goes by the file-system ids.
pub(super) fn look_into<T>(
    tid: i32,
    look: impl FnOnce(&Memory) -> Result<T, Blind>,
) -> Result<T, Blind> {
    match access() {
        Access::Directly => look(&Memory::direct(tid)),
        Access::As(user) if user.opens_files() => user
            .act(|| look(&Memory::direct(tid)))
            .unwrap_or_else(|error| Err(Blind::Hidden(errno(&error)))),
        Access::As(_) | Access::ThroughFiles => look(&Memory::opened(tid).map_err(Blind::Hidden)?),
    }
}

impl Memory {
    fn direct(tid: i32) -> Self {
        Self::by(Way::Direct(Pid::from_raw(tid)))
    }

    fn opened(tid: i32) -> Result<Self, Errno> {
        let path = format!("/proc/{tid}/mem");
        // Not by open(3), which on musl sets the flag once more.
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
        let opened = openat(AT_FDCWD, path.as_str(), flags, Mode::empty())?;
        Ok(Self::by(Way::File(opened.into())))
    }

    const fn by(way: Way) -> Self {
        Self {
            way,
            last: RefCell::new(None),
        }
    }

    /// All of these bytes.
    pub(super) fn read(&self, address: u64, buffer: &mut [u8]) -> Result<(), Blind> {
        let mut done = 0;
        while done < buffer.len() {
            match self.some(address.wrapping_add(done as u64), &mut buffer[done..])? {
                0 => return Err(Blind::Fault),
                read => done += read,
            }
        }
        Ok(())
    }

    /// A string without its NUL, of at most `limit` bytes.
    pub(super) fn text(&self, address: u64, limit: usize) -> Result<Text, Blind> {
        let mut text = Vec::new();
        let mut last = self.last.borrow_mut();
        let last = last.get_or_insert_with(Piece::default);
        loop {
            let at = address.wrapping_add(text.len() as u64);
            if last.from(at).is_empty() {
                last.fill(self, at)?;
            }
            let part = last.from(at);
            let part = &part[..part.len().min(limit + 1 - text.len())];
            let end = part.iter().position(|byte| *byte == 0);
            text.extend_from_slice(&part[..end.unwrap_or(part.len())]);
            match end {
                Some(_) => return Ok(Text::Whole(text)),
                None if part.is_empty() => return Err(Blind::Fault),
                None if text.len() > limit => return Ok(Text::TooLong),
                None => {}
            }
        }
    }

    /// The first strings of a vector of pointers.
    pub(super) fn strings(&self, address: u64, most: usize) -> Result<Vec<Vec<u8>>, Blind> {
        let mut strings = Vec::new();
        // A null vector is taken for an empty one (execve(2), Notes).
        if address == 0 {
            return Ok(strings);
        }
        let mut next = address;
        loop {
            let pointers = self.pointers(next)?;
            for pointer in &pointers {
                if *pointer == 0 || strings.len() == most {
                    return Ok(strings);
                }
                strings.push(match self.text(*pointer, PATH_MAX)? {
                    Text::Whole(text) => text,
                    Text::TooLong => Vec::new(),
                });
            }
            next = next.wrapping_add((pointers.len() * POINTER) as u64);
        }
    }

    /// A few pointers at once, as most vectors are short.
    fn pointers(&self, address: u64) -> Result<Vec<u64>, Blind> {
        let mut bytes = [0; 8 * POINTER];
        // One that lies across two pages is read alone.
        let room = (to_page_end(address) / POINTER * POINTER).clamp(POINTER, bytes.len());
        let bytes = &mut bytes[..room];
        self.read(address, bytes)?;
        let pointers = bytes.as_chunks().0.iter().copied();
        Ok(pointers.map(u64::from_ne_bytes).collect())
    }

    /// As many bytes as are there without a gap; 0: none.
    pub(super) fn some(&self, address: u64, buffer: &mut [u8]) -> Result<usize, Blind> {
        match &self.way {
            Way::File(file) => Ok(file.read_at(buffer, address).unwrap_or(0)),
            Way::Direct(pid) => {
                let from = RemoteIoVec {
                    base: usize::try_from(address).map_err(|_| Blind::Fault)?,
                    len: buffer.len(),
                };
                match process_vm_readv(*pid, &mut [IoSliceMut::new(buffer)], &[from]) {
                    Ok(read) => Ok(read),
                    Err(Errno::EFAULT | Errno::EINVAL) => Ok(0),
                    Err(errno) => Err(Blind::Hidden(errno)),
                }
            }
        }
    }
}

impl Default for Piece {
    fn default() -> Self {
        Self {
            at: 0,
            bytes: [0; 256],
            length: 0,
        }
    }
}

impl Piece {
    /// What it has from there on.
    fn from(&self, address: u64) -> &[u8] {
        let known = &self.bytes[..self.length];
        let offset = usize::try_from(address.wrapping_sub(self.at));
        offset.map_or(&[], |offset| known.get(offset..).unwrap_or_default())
    }

    fn fill(&mut self, memory: &Memory, address: u64) -> Result<(), Blind> {
        let room = self.bytes.len().min(to_page_end(address));
        self.length = 0;
        self.length = memory.some(address, &mut self.bytes[..room])?;
        self.at = address;
        Ok(())
    }
}

/// How far it is to where the next bytes may be missing: a call that meets a gap may read nothing at all.
fn to_page_end(address: u64) -> usize {
    usize::try_from(PAGE - address % PAGE).unwrap_or(1)
}

/// Found out once, when our ids are what they stay.
fn access() -> &'static Access {
    static ACCESS: OnceLock<Access> = OnceLock::new();
    ACCESS.get_or_init(|| {
        if !reads_directly() {
            return Access::ThroughFiles;
        }
        let traces = caps::get().is_ok_and(|held| held.has(caps::SYS_PTRACE));
        // Our file-system user is the application's.
        match (ids::uids(), ids::filesystem_user()) {
            (Ok(ours), Ok(user)) if traces || ours.real == user => Access::Directly,
            (Ok(_), Ok(user)) => Access::As(RealUser::new(user)),
            _ => Access::ThroughFiles,
        }
    })
}

/// Whether the container runtime's filter lets us.
fn reads_directly() -> bool {
    let (from, mut to) = ([1; 1], [0; 1]);
    let from = RemoteIoVec {
        base: from.as_ptr().addr(),
        len: from.len(),
    };
    let own = nix::unistd::getpid();
    process_vm_readv(own, &mut [IoSliceMut::new(&mut to)], &[from]) == Ok(1)
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn both() -> [Memory; 2] {
        let own = nix::unistd::getpid();
        let file = File::open("/proc/self/mem").unwrap();
        [Way::Direct(own), Way::File(file)].map(Memory::by)
    }

    fn address(bytes: &[u8]) -> u64 {
        bytes.as_ptr().addr() as u64
    }

    /// Where readable memory ends and none follows.
    fn gap() -> u64 {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let parsed: Vec<(u64, u64, bool)> = maps
            .lines()
            .map(|line| {
                let (range, rest) = line.split_once(' ').unwrap();
                let (from, to) = range.split_once('-').unwrap();
                let number = |text| u64::from_str_radix(text, 16).unwrap();
                (number(from), number(to), rest.starts_with('r'))
            })
            .collect();
        let ends = |pair: &&[(u64, u64, bool)]| pair[0].2 && pair[0].1 < pair[1].0;
        parsed.windows(2).find(ends).unwrap()[0].1
    }

    #[test]
    fn what_reaches_into_a_gap_is_a_fault() {
        let gap = gap();
        for memory in both() {
            assert_eq!(memory.read(gap - 2, &mut [0; 2]), Ok(()));
            assert_eq!(memory.read(gap - 2, &mut [0; 3]), Err(Blind::Fault));
            assert_eq!(memory.text(gap, 10), Err(Blind::Fault));
            assert_eq!(memory.strings(gap - 4, 10), Err(Blind::Fault));
        }
    }

    #[test]
    fn a_vector_ends_in_a_null_pointer_or_after_as_many_as_are_wanted() {
        let (one, two) = (b"one\0", b"two\0");
        let vector = [address(one), address(two), 0, 1];
        let at = vector.as_ptr().addr() as u64;
        for memory in both() {
            assert_eq!(
                memory.strings(at, 9),
                Ok(vec![b"one".to_vec(), b"two".to_vec()])
            );
            assert_eq!(memory.strings(at, 1), Ok(vec![b"one".to_vec()]));
            assert_eq!(memory.strings(0, 9), Ok(Vec::new()));
        }
    }

    #[test]
    fn a_string_is_read_whole_or_is_too_long() {
        let text = b"0123456789\0";
        for memory in both() {
            let read = |limit| memory.text(address(text), limit);
            assert_eq!(read(10), Ok(Text::Whole(text[..10].to_vec())));
            assert_eq!(read(9), Ok(Text::TooLong));
        }
    }

    #[test]
    fn strings_that_lie_beside_one_another_are_read_whole_in_any_order() {
        let mut bytes = vec![b'a'; 200];
        bytes.push(0);
        bytes.extend([b'b'; 600]);
        bytes.push(0);
        let texts = [
            (0, 200, b'a'),
            (201, 600, b'b'),
            (100, 100, b'a'),
            (700, 101, b'b'),
        ];
        for memory in both() {
            for (offset, length, letter) in texts {
                let read = memory.text(address(&bytes) + offset, 1000);
                assert_eq!(read, Ok(Text::Whole(vec![letter; length])), "{offset}");
            }
        }
    }
}
