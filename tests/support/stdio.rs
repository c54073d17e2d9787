//! Descriptors 0 to 2 of a container, in every kind that a runtime may hand over, and what comes out of them.

use super::step::Step;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// What one descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// `/dev/null`
    Null,
    /// A pipe of root's, as Docker's are.
    Pipe,
    /// A pipe into which nothing more goes, until somebody reads it.
    FullPipe,
    /// A pipe that nobody reads any more.
    BrokenPipe,
    /// One end of a socket pair.
    Socket,
    /// A regular file.
    File,
    /// Not open.
    Closed,
    /// A terminal: all three at once.
    Terminal,
}

/// Bytes that arrived so far.
#[derive(Clone, Debug, Default)]
pub struct Capture(Arc<(Mutex<Vec<u8>>, Condvar)>);

impl Capture {
    /// What there is now.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.0.lock().unwrap().clone()
    }

    /// Waits until this text has arrived; whether it has.
    pub fn wait_for(&self, text: &str, patience: Duration) -> bool {
        let (bytes, arrived) = &*self.0;
        let until = Instant::now() + patience;
        let mut bytes = bytes.lock().unwrap();
        while !contains(&bytes, text.as_bytes()) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            bytes = arrived.wait_timeout(bytes, left).unwrap().0;
        }
        true
    }

    fn append(&self, more: &[u8]) {
        self.0.0.lock().unwrap().extend_from_slice(more);
        self.0.1.notify_all();
    }

    /// Reads to the end, in a thread of its own; a terminal ends with EIO.
    fn read_from(&self, mut source: File) -> thread::JoinHandle<()> {
        let capture = self.clone();
        let read = move || {
            let mut buffer = vec![0; 1 << 16];
            loop {
                match source.read(&mut buffer) {
                    Ok(0) => return,
                    Ok(count) => capture.append(&buffer[..count]),
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return,
                }
            }
        };
        thread::Builder::new().spawn(read).unwrap()
    }
}

/// Whether bytes contain others.
pub fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    needle.is_empty()
        || haystack
            .windows(needle.len())
            .any(|window| window == needle)
}

/// One descriptor from both sides.
#[derive(Debug)]
pub struct Channel {
    inside: Option<OwnedFd>,
    outside: Option<File>,
    reader: Option<thread::JoinHandle<()>>,
    kind: Stream,
    input: bool,
    /// What the container wrote.
    pub captured: Capture,
}

impl Channel {
    /// Makes the descriptor; `input` if the container reads from it.
    pub fn open(kind: Stream, input: bool) -> Self {
        let (inside, outside) = match kind {
            Stream::Null => (
                Some(
                    File::options()
                        .read(true)
                        .write(true)
                        .open("/dev/null")
                        .unwrap()
                        .into(),
                ),
                None,
            ),
            Stream::Closed => (None, None),
            Stream::Pipe | Stream::BrokenPipe | Stream::FullPipe => pipe(kind, input),
            Stream::Socket => {
                let (inside, outside) = UnixStream::pair().unwrap();
                (Some(inside.into()), Some(OwnedFd::from(outside).into()))
            }
            Stream::File => {
                let file = tempfile::tempfile().unwrap();
                fcntl(&file, FcntlArg::F_SETFL(OFlag::O_APPEND)).unwrap();
                (Some(file.try_clone().unwrap().into()), Some(file))
            }
            Stream::Terminal => {
                let pty = nix::pty::openpty(None, None).unwrap();
                (Some(pty.slave), Some(pty.master.into()))
            }
        };
        Self {
            inside,
            outside,
            reader: None,
            kind,
            input,
            captured: Capture::default(),
        }
    }

    /// Gives it to the image's USER, as runc does.
    pub fn give_to(&self, uid: u32) {
        if let Some(inside) = &self.inside
            && !matches!(self.kind, Stream::Null | Stream::Socket)
        {
            std::os::unix::fs::fchown(inside, Some(uid), None).unwrap();
        }
    }

    /// What puts it into place.
    pub fn step(&self, number: i32) -> Step {
        match &self.inside {
            Some(fd) => Step::Descriptor {
                from: fd.as_raw_fd(),
                to: number,
            },
            None => Step::Close(number),
        }
    }

    /// After the start: our copy of the inner end goes, and reading begins.
    pub fn started(&mut self) {
        self.inside = None;
        if !self.input && matches!(self.kind, Stream::Pipe | Stream::Socket | Stream::Terminal) {
            self.drain();
        }
    }

    /// Begins to read.
    pub fn drain(&mut self) {
        if let Some(outside) = &self.outside {
            self.reader = Some(self.captured.read_from(outside.try_clone().unwrap()));
        }
    }

    /// Writes to the container.
    pub fn write(&self, bytes: &[u8]) {
        self.outside.as_ref().unwrap().write_all(bytes).unwrap();
    }

    /// Everything that was written, once the container has ended.
    pub fn finish(mut self) -> Vec<u8> {
        if self.kind == Stream::FullPipe && self.reader.is_none() {
            self.drain();
        }
        if let (Stream::File, Some(file)) = (self.kind, &mut self.outside) {
            let mut content = Vec::new();
            std::io::Seek::rewind(file).unwrap();
            file.read_to_end(&mut content).unwrap();
            return content;
        }
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        self.captured.bytes()
    }
}

fn pipe(kind: Stream, input: bool) -> (Option<OwnedFd>, Option<File>) {
    let (reader, writer) = std::io::pipe().unwrap();
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    match (kind, input) {
        (_, true) => (Some(reader), Some(writer.into())),
        (Stream::BrokenPipe, false) => (Some(writer), None),
        (Stream::FullPipe, false) => (Some(filled(writer)), Some(reader.into())),
        _ => (Some(writer), Some(reader.into())),
    }
}

/// Spaces until the next byte would block; the flags are then as they were.
fn filled(writer: OwnedFd) -> OwnedFd {
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while nix::unistd::write(&writer, &[b' '; 4096]).is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    writer
}
