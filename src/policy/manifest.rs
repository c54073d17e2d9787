//! The manifest: which executables and libraries the image shipped, by path and SHA-256.
//!
//! Written by `enforcerctl manifest` while the image is built, with the paths in order. In memory an entry is forty
//! bytes: of a path only a hash is kept, so that a large image costs the supervisor little.

use super::Error;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Unexpected, Visitor};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::BufRead;

/// The edition of the format.
pub const VERSION: u32 = 1;
/// What files are hashed with.
pub const ALGORITHM: &str = "sha256";

/// More files are in no image.
const MOST: usize = 1 << 16;

/// The SHA-256 of a file's bytes.
pub type FileHash = [u8; 32];

/// Listed files, in the order of [`key`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manifest(Box<[(u64, FileHash)]>);

/// The document.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(rename = "version")]
    _version: Version,
    #[serde(rename = "algorithm")]
    _algorithm: Algorithm,
    files: Files,
}

impl Manifest {
    /// Reads one; `origin` is the file's name in errors. The text is never in memory as a whole.
    pub fn read(mut text: impl BufRead, origin: &str) -> Result<Self, Error> {
        // A list of the keys' values would pass for the document.
        let first = text.fill_buf().ok().and_then(|bytes| bytes.first());
        if first.is_some_and(|first| *first != b'{') {
            let expected = "expected an object, beginning with {";
            return Err(fault(origin, (1, 1), expected));
        }
        let document: Document = serde_json::from_reader(text).map_err(|error| {
            let text = error.to_string();
            // The place is said once, before the message.
            let message = text.rsplit_once(" at line ");
            let message = message.map_or(&*text, |(said, _)| said);
            fault(origin, (error.line(), error.column()), message)
        })?;
        let mut files = document.files.0;
        files.sort_unstable_by_key(|(key, _)| *key);
        Ok(Self(files.into_boxed_slice()))
    }

    /// What the file at a real path is made of; `None` if it is not listed.
    ///
    /// Should another path have the same key, its file has to have the same bytes.
    pub fn look_up(&self, path: &[u8]) -> Option<&FileHash> {
        let found = self.0.binary_search_by_key(&key(path), |(key, _)| *key);
        found.ok().map(|index| &self.0[index].1)
    }

    /// How many files it lists.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it lists none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn fault(origin: &str, (line, column): (usize, usize), message: &str) -> Error {
    Error::Manifest {
        origin: origin.into(),
        line,
        column,
        message: message.into(),
    }
}

/// Eight bytes that stand for a path.
fn key(path: &[u8]) -> u64 {
    let mut key = [0; 8];
    key.copy_from_slice(&Sha256::digest(path)[..8]);
    u64::from_be_bytes(key)
}

struct Version;

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            VERSION => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "version: expected {VERSION}, found {other}; a newer enforcer is needed"
            ))),
        }
    }
}

struct Algorithm;

impl<'de> Deserialize<'de> for Algorithm {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            ALGORITHM => Ok(Self),
            other => Err(D::Error::custom(format_args!(
                "algorithm: expected {ALGORITHM:?}, found {other:?}"
            ))),
        }
    }
}

/// A hash in hex.
struct Hex(FileHash);

impl<'de> Deserialize<'de> for Hex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Digits)
    }
}

/// Says what is wrong where it stands: what is said later has the place of what follows.
struct Digits;

impl Visitor<'_> for Digits {
    type Value = Hex;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("64 lower-case hex digits")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Hex, E> {
        let hash = parse_hex(text.as_bytes()).map(Hex);
        hash.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn parse_hex(text: &[u8]) -> Option<FileHash> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut hash = FileHash::default();
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in hash.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(hash)
}

/// The list, without the paths' texts.
struct Files(Vec<(u64, FileHash)>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Files;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("paths with their hashes")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
        // What is not written to costs nothing, and growing leaves holes behind.
        let mut files = Vec::with_capacity(MOST);
        let mut before = String::new();
        while let Some(path) = map.next_key::<String>()? {
            if !path.starts_with('/') {
                return Err(A::Error::custom(format_args!(
                    "{path:?}: expected an absolute path"
                )));
            }
            // Twice the same is out of order too.
            if path <= before {
                return Err(A::Error::custom(format_args!(
                    "{path:?} stands behind {before:?}: expected paths in order, each once"
                )));
            }
            if files.len() == MOST {
                return Err(A::Error::custom(format_args!(
                    "expected at most {MOST} files"
                )));
            }
            let Hex(hash) = map.next_value()?;
            files.push((key(path.as_bytes()), hash));
            before = path;
        }
        Ok(Files(files))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const B: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn document(files: &str) -> String {
        format!("{{\n\"version\": 1,\n\"algorithm\": \"sha256\",\n\"files\": {{\n{files}\n}}\n}}\n")
    }

    fn fault(text: &str) -> String {
        Manifest::read(text.as_bytes(), "m")
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_file_is_found_by_its_whole_path() {
        let text = document(&format!("\"/a\": \"{A}\", \"/b/c\": \"{B}\""));
        let manifest = Manifest::read(text.as_bytes(), "m").unwrap();
        assert_eq!(manifest.look_up(b"/b/c").unwrap()[..3], [0xe3, 0xb0, 0xc4]);
        assert_eq!(manifest.look_up(b"/a").unwrap()[..3], [0xba, 0x78, 0x16]);
        assert_eq!(manifest.look_up(b"/b"), None);
        assert_eq!(manifest.len(), 2);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        let twice = format!("\"/a\": \"{A}\",\n\"/a\": \"{A}\"");
        let unsorted = format!("\"/b\": \"{A}\",\n\"/a\": \"{A}\"");
        for (text, words) in [
            (document(&twice), ["m:6:", "stands behind"]),
            (document(&unsorted), ["m:6:", "in order"]),
            (
                document("\"/a\": \"abc\""),
                ["m:5:", "64 lower-case hex digits"],
            ),
            (document(&format!("\"a\": \"{A}\"")), ["m:5:", "absolute"]),
            (
                document("").replace("version\": 1", "version\": 2"),
                ["m:2:", "newer"],
            ),
            (
                document("").replace("sha256", "md5"),
                ["m:3:", "\"sha256\""],
            ),
            (
                document("").replace("files", "flies"),
                ["m:4:", "unknown field"],
            ),
            (
                document("").replace("\"version\": 1,", ""),
                ["m:", "missing field `version`"],
            ),
            (document("") + "x", ["m:8:", "trailing"]),
            (String::new(), ["m:1:0", "EOF"]),
        ] {
            let fault = fault(&text);
            assert!(words.iter().all(|word| fault.contains(word)), "{fault}");
            assert!(!fault.contains(" at line "), "{fault}");
        }
    }
}
