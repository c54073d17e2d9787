//! `enforcerctl verify-image`: whoever writes a child Dockerfile is root while it builds, and could have replaced what
//! the approved base image brought.

mod archive;
pub(super) mod cli;
mod image;
mod layer;
mod view;

use super::Error;
use cli::VerifyImage;
use image::{Config, Named, Read};
use std::io::Write;
use view::{Scope, View};

const POLICY: &str = "etc/micro-enforcer/policy.yaml";
const SIGNATURE: &str = "etc/micro-enforcer/policy.yaml.sig";
const MANIFEST: &str = "etc/micro-enforcer/manifest.json";
const TRUST: &str = "etc/micro-enforcer/trust.yaml";

/// Compares, platform by platform; fails if anything of the enforcer's is not as the base has it.
pub(super) fn run(arguments: &VerifyImage, out: &mut impl Write) -> Result<(), Error> {
    let mut base = Named::open(&arguments.base)?;
    let mut image = Named::open(&arguments.image)?;
    if image.images.is_empty() {
        return Err(Error::ImageForm {
            image: arguments.image.clone(),
            said: "has no image of any platform".into(),
        });
    }
    let mut differences = 0;
    for index in 0..image.images.len() {
        let platform = image.images[index].config.platform();
        let of_base = base
            .images
            .iter()
            .position(|base| base.config.platform() == platform)
            .ok_or_else(|| Error::NoPlatform {
                base: arguments.base.clone(),
                platform: platform.clone(),
            })?;
        let wrapper = wrapper(&base.images[of_base].config, &arguments.base)?.to_owned();
        let scope = Scope::new(&wrapper);
        // Changes are kept for this scope alone, and bases of two platforms may name two wrappers.
        let mut read = Read::new();
        let approved = base.view(of_base, &scope, &mut read)?;
        if !approved.has_file(wrapper.trim_start_matches('/')) {
            return Err(Error::ImageForm {
                image: arguments.base.clone(),
                said: format!(
                    "its entry point {wrapper} is no file at that path; name it by its real one"
                ),
            });
        }
        let found = image.view(index, &scope, &mut read)?;
        let (approved_config, config) = (&base.images[of_base].config, &image.images[index].config);
        let mut said = configuration(approved_config, config, &scope);
        said.extend(files(&approved, &found, arguments.own_policy));
        differences += said.len();
        report(&image.name, &platform, &said, out)?;
    }
    match differences {
        0 => Ok(()),
        differences => Err(Error::NotTheBase {
            image: arguments.image.clone(),
            differences,
        }),
    }
}

fn wrapper<'a>(base: &'a Config, name: &str) -> Result<&'a str, Error> {
    let first = base.entrypoint().first();
    first
        .map(String::as_str)
        .filter(|first| first.starts_with('/'))
        .ok_or_else(|| Error::ImageForm {
            image: name.to_owned(),
            said: "has no entry point that could be the wrapper".into(),
        })
}

fn report(image: &str, platform: &str, said: &[String], out: &mut impl Write) -> Result<(), Error> {
    if said.is_empty() {
        writeln!(out, "{image} {platform}: the enforcer is the base's")?;
    }
    for line in said {
        writeln!(out, "{image} {platform}: {line}")?;
    }
    Ok(())
}

/// What the configuration takes away from the base.
fn configuration(base: &Config, image: &Config, scope: &Scope) -> Vec<String> {
    let mut said = Vec::new();
    let (approved, found) = (base.entrypoint(), image.entrypoint());
    if !found.starts_with(approved) {
        said.push(format!(
            "ENTRYPOINT: expected {approved:?} first, found {found:?}; leave ENTRYPOINT out, or begin it so"
        ));
    }
    let volumes = image.settings.volumes.iter().flatten();
    for (volume, _) in volumes {
        if scope.covers(volume.trim_matches('/')) {
            said.push(format!(
                "VOLUME {volume}: would be mounted over the enforcer; leave it out"
            ));
        }
    }
    said
}

/// What is not as the base has it. The image may bring a manifest, and a policy where the base has it signed.
fn files(base: &View, image: &View, own_policy: bool) -> Vec<String> {
    let own_policy = own_policy || base.has(TRUST);
    let is_own = |path: &str| match path {
        MANIFEST => true,
        POLICY | SIGNATURE => own_policy,
        _ => false,
    };
    let differs = |path: &&str| base.get(path) != image.get(path);
    let is_fine = |path: &&str| is_own(path) && is_plain(image, path);
    let paths = base.paths(image).into_iter().filter(differs);
    paths
        .filter(|path| !is_fine(path))
        .map(|path| match (base.get(path), image.get(path)) {
            (Some(base), Some(image)) => format!(
                "/{path}: expected {}, found {}",
                base.shown(),
                image.shown()
            ),
            (Some(_), None) => format!("/{path}: was removed"),
            (None, image) => {
                let found = image.map_or_else(String::new, view::Node::shown);
                format!("/{path}: the base has none, found {found}")
            }
        })
        .collect()
}

/// Removed, or a file; whose it is, the start looks at.
fn is_plain(image: &View, path: &str) -> bool {
    matches!(image.get(path), None | Some(view::Node::File { .. }))
}
