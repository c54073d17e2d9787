//! `enforcerctl manifest`: what an image can execute, with hashes, for the wrapper to compare with.

use super::Error;
use super::cli::Manifest as Arguments;
use crate::policy::{ALGORITHM, VERSION, hex};
use crate::sys::status::Status;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File};
use std::io::{self, IsTerminal, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What the kernel mounts there is no part of an image.
const NOT_IN_IMAGES: [&str; 3] = ["/proc", "/sys", "/dev"];
/// Read at once.
const CHUNK: usize = 64 << 10;
/// From one word to somebody who watches to the next, in files.
const OFTEN: usize = 100;

/// The document, in the order in which it is written.
#[derive(Serialize)]
struct Document {
    version: u32,
    algorithm: &'static str,
    files: BTreeMap<String, String>,
}

/// Writes the manifest of a root file system.
pub(super) fn run(arguments: &Arguments, out: &mut impl Write) -> Result<(), Error> {
    let walk = Walk::begin(&arguments.root)?.finish()?;
    let document = Document {
        version: VERSION,
        algorithm: ALGORITHM,
        files: walk.files,
    };
    let mut text = serde_json::to_vec_pretty(&document).map_err(io::Error::from)?;
    text.push(b'\n');
    match &arguments.output {
        Some(file) => {
            fs::write(file, text).map_err(Error::step(format!("write {}", file.display())))
        }
        None => Ok(out.write_all(&text)?),
    }
}

/// Through the directories of one mount, following no link.
struct Walk {
    mount: Status,
    /// Still to be read: where they are here, and in the image.
    directories: Vec<(PathBuf, String)>,
    files: BTreeMap<String, String>,
    is_watched: bool,
}

impl Walk {
    fn begin(root: &Path) -> Result<Self, Error> {
        let opened = || {
            // The root itself may be a link.
            let root = root.canonicalize()?;
            Ok((Status::of(File::open(&root)?.as_fd())?, root))
        };
        let (mount, root) = opened().map_err(Error::step(format!("read {}", root.display())))?;
        Ok(Self {
            mount,
            directories: vec![(root, String::new())],
            files: BTreeMap::new(),
            is_watched: io::stderr().is_terminal(),
        })
    }

    fn finish(mut self) -> Result<Self, Error> {
        while let Some((here, path)) = self.directories.pop() {
            self.directory(&here, &path)
                .map_err(Error::step(format!("read {}", here.display())))?;
        }
        if self.is_watched {
            anstream::eprintln!("\r{} files", self.files.len());
        }
        Ok(self)
    }

    fn directory(&mut self, here: &Path, path: &str) -> io::Result<()> {
        let opened = open(here, libc::O_DIRECTORY)?;
        if !self.is_on_mount(&Status::of(opened.as_fd())?) {
            return Ok(());
        }
        fs::read_dir(here)?.try_for_each(|entry| self.entry(&entry?, path))
    }

    fn entry(&mut self, entry: &DirEntry, path: &str) -> io::Result<()> {
        let (here, kind) = (entry.path(), entry.file_type()?);
        if !kind.is_dir() && !kind.is_file() {
            return Ok(());
        }
        let name = entry.file_name().into_string().map_err(|name| {
            io::Error::other(format!("the name {} is no UTF-8 text", name.display()))
        })?;
        let path = format!("{path}/{name}");
        if kind.is_file() {
            let hash = self.file(&here);
            let hash = hash.map_err(|error| io::Error::other(format!("{path}: {error}")))?;
            self.list(path, hash);
        } else if !NOT_IN_IMAGES.contains(&path.as_str()) {
            self.directories.push((here, path));
        }
        Ok(())
    }

    fn list(&mut self, path: String, hash: Option<String>) {
        let Some(hash) = hash else {
            return;
        };
        self.files.insert(path, hash);
        if self.is_watched && self.files.len().is_multiple_of(OFTEN) {
            anstream::eprint!("\r{} files", self.files.len());
        }
    }

    /// The hash of a file that can be executed, loaded or interpreted.
    fn file(&self, here: &Path) -> io::Result<Option<String>> {
        let mut file = open(here, libc::O_NONBLOCK)?;
        let status = Status::of(file.as_fd())?;
        if !self.is_on_mount(&status) || !status.is(libc::S_IFREG) {
            return Ok(None);
        }
        let mut chunk = vec![0; CHUNK];
        let mut read = file.read(&mut chunk)?;
        let head = &chunk[..read];
        let is_known = head.starts_with(b"\x7fELF") || head.starts_with(b"#!");
        if status.mode & 0o111 == 0 && !is_known {
            return Ok(None);
        }
        let mut hasher = Sha256::new();
        while read > 0 {
            hasher.update(&chunk[..read]);
            read = file.read(&mut chunk)?;
        }
        Ok(Some(hex(&hasher.finalize())))
    }

    /// Kernels before 5.8 do not tell mounts apart; directories of one file system have one device.
    fn is_on_mount(&self, status: &Status) -> bool {
        let is_told = status.mount != 0 || !status.is(libc::S_IFDIR);
        status.mount == self.mount.mount && (is_told || status.device == self.mount.device)
    }
}

fn open(here: &Path, flags: i32) -> io::Result<File> {
    let flags = flags | libc::O_NOFOLLOW | libc::O_NOCTTY;
    File::options().read(true).custom_flags(flags).open(here)
}
