//! One layer, read through once: what it says of the paths that matter.

use super::view::{Change, Node, Scope};
use crate::policy::hex;
use flate2::read::MultiGzDecoder;
use ruzstd::decoding::StreamingDecoder;
use sha2::{Digest, Sha256};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Component, Path};
use tar::{Archive, Entry, EntryType};

/// RFC 1952
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// RFC 8878
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// The layer's changes, and the SHA-256 of the archive without compression: its `diff_id`.
pub(super) fn read<R: Read + Seek>(
    mut layer: R,
    scope: &Scope,
) -> io::Result<(Vec<Change>, String)> {
    let mut magic = [0; 4];
    let read = read_some(&mut layer, &mut magic)?;
    layer.seek(SeekFrom::Start(0))?;
    let layer = BufReader::new(layer);
    if read >= 2 && magic[..2] == GZIP {
        changes(MultiGzDecoder::new(layer), scope)
    } else if magic == ZSTD {
        let decoder = StreamingDecoder::new(layer).map_err(io::Error::other)?;
        changes(decoder, scope)
    } else {
        changes(layer, scope)
    }
}

/// An empty layer may be shorter than a magic number.
fn read_some(reader: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < into.len() {
        match reader.read(&mut into[length..])? {
            0 => break,
            more => length += more,
        }
    }
    Ok(length)
}

fn changes(reader: impl Read, scope: &Scope) -> io::Result<(Vec<Change>, String)> {
    let mut archive = Archive::new(Hashed {
        reader,
        hash: Sha256::new(),
    });
    let mut changes = Vec::new();
    for entry in archive.entries()? {
        change(entry?, scope, &mut changes)?;
    }
    let mut rest = archive.into_inner();
    io::copy(&mut rest, &mut io::sink())?;
    Ok((changes, format!("sha256:{}", hex(&rest.hash.finalize()))))
}

fn change(
    mut entry: Entry<'_, impl Read>,
    scope: &Scope,
    changes: &mut Vec<Change>,
) -> io::Result<()> {
    let path = plain(&entry.path()?)?;
    let (above, name) = path.rsplit_once('/').unwrap_or(("", &path));
    if name == ".wh..wh..opq" {
        changes.push(Change::Empty(above.to_owned()));
        return Ok(());
    }
    if let Some(name) = name.strip_prefix(".wh.") {
        let removed = if above.is_empty() {
            name.to_owned()
        } else {
            format!("{above}/{name}")
        };
        changes.push(Change::Remove(removed));
        return Ok(());
    }
    let target = match (entry.header().entry_type(), entry.link_name()?) {
        (EntryType::Symlink, Some(target)) => Some(target.to_string_lossy().into_owned()),
        _ => None,
    };
    changes.push(if scope.covers(&path) {
        Change::Put(path.clone(), node(&mut entry)?)
    } else {
        Change::Elsewhere(path.clone())
    });
    changes.extend(target.map(|target| Change::Link(path, target)));
    Ok(())
}

fn node(entry: &mut Entry<'_, impl Read>) -> io::Result<Node> {
    let header = entry.header();
    let kind = header.entry_type();
    let (uid, gid) = (header.uid()?, header.gid()?);
    let mode = header.mode()? & 0o7777;
    let attributes = attributes(entry)?;
    let owner = format!("of {uid}:{gid}, mode {mode:04o}{attributes}");
    let target = entry
        .link_name()?
        .map(|target| target.display().to_string());
    let target = target.unwrap_or_default();
    Ok(match kind {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mut hash = Sha256::new();
            io::copy(entry, &mut Sink(&mut hash))?;
            Node::File {
                owner,
                sha256: hex(&hash.finalize()),
            }
        }
        EntryType::Directory => Node::Directory { owner },
        EntryType::Symlink => Node::Other(format!("a symbolic link to {target}")),
        EntryType::Link => Node::Other(format!("a hard link to {target}")),
        other => Node::Other(format!("a special file ({other:?})")),
    })
}

/// Capabilities of a file and the like, by which it would be another one.
fn attributes(entry: &mut Entry<'_, impl Read>) -> io::Result<String> {
    let mut shown = Vec::new();
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        let extension = extension?;
        let key = String::from_utf8_lossy(extension.key_bytes()).into_owned();
        if key.starts_with("SCHILY.xattr.") || key.starts_with("LIBARCHIVE.xattr.") {
            let value = hex(extension.value_bytes());
            shown.push(format!(", {key}={value}"));
        }
    }
    shown.sort();
    Ok(shown.concat())
}

/// Without `./` and slashes at the ends; an unpacker might go anywhere with `..`.
fn plain(path: &Path) -> io::Result<String> {
    let mut parts = Vec::new();
    for component in path.components() {
        match component {
            Component::Normal(part) => parts.push(part.to_string_lossy()),
            Component::CurDir | Component::RootDir => {}
            Component::ParentDir | Component::Prefix(_) => {
                let message = format!("the layer has the path {}", path.display());
                return Err(io::Error::other(message));
            }
        }
    }
    Ok(parts.join("/"))
}

struct Hashed<R> {
    reader: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = self.reader.read(into)?;
        self.hash.update(&into[..length]);
        Ok(length)
    }
}

struct Sink<'a>(&'a mut Sha256);

impl io::Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
