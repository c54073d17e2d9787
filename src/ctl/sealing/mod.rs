//! `enforcerctl seal`, `rekey` and `open`: values on their way from a person or a pipeline to one task.

mod bound;
pub(super) mod cli;
mod input;
mod open;
mod output;
mod rekey;
mod sealer;

pub(super) use input::read;
pub(super) use open::run as open;
pub(super) use rekey::run as rekey;

use super::Error;
use super::cli::{Format, Seal};
use crate::secrets::Envelope;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bound::Bound;
use input::Variable;
use sealer::Sealer;
use std::io::Write;

/// KMS takes no longer plaintext.
const LONGEST_PLAINTEXT: usize = 4096;

/// Seals what is on standard input or in a file, for one key and context.
pub(super) fn run(arguments: &Seal, out: &mut impl Write) -> Result<(), Error> {
    let bound = Bound::of(&arguments.target)?;
    let variables = input::variables(arguments)?;
    for variable in variables
        .iter()
        .filter(|variable| variable.value.ends_with(b"\n"))
    {
        let name = &variable.name;
        anstream::eprintln!(
            "enforcerctl: the value of {name} ends with a newline, which is sealed with it"
        );
    }
    let kms = Sealer::of(&arguments.target)?;
    let sealed = match &arguments.bundle {
        Some(bundle) => vec![sealed_bundle(&kms, &bound, bundle, &variables)?],
        None => each(&kms, &bound, &variables)?,
    };
    let default = if arguments.input.name.is_some() {
        Format::Value
    } else {
        Format::Dotenv
    };
    output::write(arguments.format.unwrap_or(default), &sealed, out)
}

/// Every variable by itself.
fn each(
    kms: &Sealer,
    bound: &Bound,
    variables: &[Variable],
) -> Result<Vec<(String, String)>, Error> {
    let one = |variable: &Variable| {
        let sealed = seal(kms, bound, &variable.name, &variable.value)?;
        Ok((variable.name.clone(), sealed))
    };
    variables.iter().map(one).collect()
}

/// One value: as KMS takes it, or in an envelope.
fn seal(kms: &Sealer, bound: &Bound, name: &str, value: &[u8]) -> Result<String, Error> {
    let context = bound.context(name);
    if value.len() <= LONGEST_PLAINTEXT {
        let blob = kms.encrypt(&bound.key, &context, value)?;
        return Ok(format!("kms:v1:{}", STANDARD.encode(blob)));
    }
    let (data_key, sealed_key) = kms.data_key(&bound.key, &context)?;
    let envelope = Envelope::seal(&data_key, &sealed_key, &context, value);
    let envelope = envelope.map_err(|_| Error::Unsealable(name.to_owned()))?;
    Ok(format!("kms:v1e:{}", STANDARD.encode(envelope)))
}

/// Many variables in one: a single ciphertext if they fit one, else each by itself, separated by `|`.
fn sealed_bundle(
    kms: &Sealer,
    bound: &Bound,
    bundle: &str,
    variables: &[Variable],
) -> Result<(String, String), Error> {
    let plaintext = input::json(variables)?;
    if plaintext.len() <= LONGEST_PLAINTEXT {
        let blob = kms.encrypt(&bound.key, &bound.context(bundle), &plaintext)?;
        return Ok((
            bundle.to_owned(),
            format!("kms:v1b:{}", STANDARD.encode(blob)),
        ));
    }
    let each = each(kms, bound, variables)?;
    Ok((bundle.to_owned(), output::piped(&each)))
}

/// A value for the keys of `enforcerctl local`.
pub(super) fn seal_local(
    key: &str,
    context: &[(String, String)],
    name: &str,
    value: &[u8],
) -> Result<String, Error> {
    let bound = Bound {
        key: key.to_owned(),
        context: context.iter().cloned().collect(),
        bind_name: true,
    };
    seal(&Sealer::Local, &bound, name, value)
}
