//! An image of one platform: its configuration, and its layers wherever they are.

use super::archive;
use super::layer;
use super::view::{Change, Scope, View};
use crate::ctl::Error;
use crate::ctl::registry::{Platformed, Registry};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Changes of layers that were read, by digest in a registry and `diff_id`: an image shares most with its base.
pub(super) type Read = HashMap<(String, String), Vec<Change>>;

#[derive(Debug)]
pub(super) struct Image {
    pub(super) config: Config,
    pub(super) layers: Layers,
}

/// Where layers are had.
#[derive(Debug)]
pub(super) enum Layers {
    Registry(Vec<String>),
    Saved(PathBuf, Vec<String>),
}

/// What is used of an image's configuration (OCI image specification, config.md).
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) os: String,
    pub(super) architecture: String,
    #[serde(default, rename = "config")]
    pub(super) settings: Settings,
    rootfs: RootFs,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) volumes: Option<BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, Deserialize)]
struct RootFs {
    diff_ids: Vec<String>,
}

impl Config {
    pub(super) fn read(bytes: &[u8], origin: &str) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(|error| Error::ImageForm {
            image: origin.to_owned(),
            said: format!("its configuration: {error}"),
        })
    }

    pub(super) fn platform(&self) -> String {
        format!("{}/{}", self.os, self.architecture)
    }

    pub(super) fn entrypoint(&self) -> &[String] {
        self.settings.entrypoint.as_deref().unwrap_or_default()
    }
}

/// An image's name and its platforms.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) images: Vec<Image>,
    registry: Option<Registry>,
}

impl Named {
    /// Out of a file if there is one of that name, else out of a registry.
    pub(super) fn open(name: &str) -> Result<Self, Error> {
        let path = Path::new(name);
        if path.is_file() {
            return Ok(Self {
                name: name.to_owned(),
                images: archive::images(path)?,
                registry: None,
            });
        }
        let (mut registry, all) = Registry::open(name)?;
        let mut images = Vec::new();
        for Platformed { config, layers, .. } in all {
            images.push(Image {
                config: Config::read(&registry.small(&config)?, name)?,
                layers: Layers::Registry(layers),
            });
        }
        Ok(Self {
            name: name.to_owned(),
            images,
            registry: Some(registry),
        })
    }

    /// The files of one of its images.
    pub(super) fn view(
        &mut self,
        index: usize,
        scope: &Scope,
        read: &mut Read,
    ) -> Result<View, Error> {
        let image = &self.images[index];
        let ids = &image.config.rootfs.diff_ids;
        let form = |said: String| Error::ImageForm {
            image: self.name.clone(),
            said,
        };
        let count = match &image.layers {
            Layers::Registry(all) | Layers::Saved(_, all) => all.len(),
        };
        if count != ids.len() {
            return Err(form(format!(
                "{count} layers, and {} in its configuration",
                ids.len()
            )));
        }
        let mut view = View::new(scope);
        for (number, id) in ids.iter().enumerate() {
            let digest = match &image.layers {
                Layers::Registry(digests) => digests[number].clone(),
                Layers::Saved(path, names) => format!("{} {}", path.display(), names[number]),
            };
            let key = (digest, id.clone());
            if !read.contains_key(&key) {
                tracing::info!("{}: layer {} of {count}", self.name, number + 1);
                let file = layer_file(&image.layers, number, self.registry.as_mut(), &self.name)?;
                let (changes, found) = layer::read(file, scope)
                    .map_err(|error| form(format!("layer {}: {error}", number + 1)))?;
                if found != *id {
                    let said = format!("layer {} is {found}, and not {id}", number + 1);
                    return Err(form(said));
                }
                read.insert(key.clone(), changes);
            }
            view.apply(&read[&key]);
        }
        Ok(view)
    }
}

fn layer_file(
    layers: &Layers,
    number: usize,
    registry: Option<&mut Registry>,
    name: &str,
) -> Result<File, Error> {
    match (layers, registry) {
        (Layers::Saved(path, names), _) => {
            archive::layer(path, &names[number]).map_err(|error| Error::Read {
                name: name.to_owned(),
                error,
            })
        }
        (Layers::Registry(digests), Some(registry)) => registry.large(&digests[number]),
        (Layers::Registry(_), None) => Err(Error::NoRegistry(name.to_owned())),
    }
}
