//! The file that `docker save` writes: an archive of layers, with `manifest.json` that names them.

use super::image::{Config, Image, Layers};
use crate::ctl::Error;
use serde::Deserialize;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use tar::Archive;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    layers: Vec<String>,
}

/// The images of the file; one for each name that was saved.
pub(super) fn images(path: &Path) -> Result<Vec<Image>, Error> {
    let fault = |error: io::Error| Error::Read {
        name: path.display().to_string(),
        error,
    };
    let listed = member(path, "manifest.json").map_err(fault)?;
    let listed: Vec<Saved> =
        serde_json::from_slice(&listed).map_err(|error| fault(error.into()))?;
    listed
        .into_iter()
        .map(|saved| {
            let config = member(path, &saved.config).map_err(fault)?;
            Ok(Image {
                config: Config::read(&config, &path.display().to_string())?,
                layers: Layers::Saved(path.to_owned(), saved.layers),
            })
        })
        .collect()
}

/// One file within it.
fn member(path: &Path, name: &str) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    find(path, name, |entry| entry.read_to_end(&mut bytes).map(drop))?;
    Ok(bytes)
}

/// A layer, where it can be read twice.
pub(super) fn layer(path: &Path, name: &str) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    find(path, name, |entry| io::copy(entry, &mut file).map(drop))?;
    io::Seek::rewind(&mut file)?;
    Ok(file)
}

fn find(
    path: &Path,
    name: &str,
    mut found: impl FnMut(&mut dyn Read) -> io::Result<()>,
) -> io::Result<()> {
    let mut archive = Archive::new(File::open(path)?);
    for entry in archive.entries()? {
        let mut entry = entry?;
        if entry.path()? != Path::new(name) {
            continue;
        }
        // An older Docker saves a layer once and links to it after that.
        let target = entry.link_name()?.map(Cow::into_owned);
        return match target {
            None => found(&mut entry),
            Some(target) => {
                let above = Path::new(name).parent().unwrap_or(Path::new(""));
                find(path, &joined(above, &target), found)
            }
        };
    }
    let message = format!("has no {name}; write it with `docker save`");
    Err(io::Error::other(message))
}

/// `a/b` and `../c/d` are `a/c/d`; a link that leaves the archive leads nowhere in it.
fn joined(above: &Path, target: &Path) -> String {
    let mut path = above.to_owned();
    for part in target.components() {
        match part {
            std::path::Component::ParentDir => drop(path.pop()),
            part => path.push(part),
        }
    }
    path.display().to_string()
}
