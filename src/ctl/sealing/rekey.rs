//! `enforcerctl rekey`: from a pipeline's key to a task's, within KMS.

use super::super::Error;
use super::super::cli::Rekey;
use super::bound::Bound;
use super::input::{SealedVariable, sealed};
use super::sealer::Sealer;
use super::{output, read};
use crate::secrets::Form;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::Write;

/// Seals what is sealed already for another key and context; no plaintext leaves KMS.
pub(in crate::ctl) fn run(arguments: &Rekey, out: &mut impl Write) -> Result<(), Error> {
    let new = Bound::of(&arguments.target)?;
    let stated = (!arguments.from_context.is_empty())
        .then(|| arguments.from_context.iter().cloned().collect());
    let old = Bound {
        key: arguments.from_key.clone(),
        context: stated.unwrap_or_else(|| new.context.clone()),
        bind_name: new.bind_name,
    };
    let sealer = Sealer::of(&arguments.target)?;
    let values = sealed(&arguments.file, &read(&arguments.file)?)?;
    let each = |variable: &SealedVariable| {
        Ok((
            variable.name.clone(),
            rekeyed(&sealer, &old, &new, variable)?,
        ))
    };
    let rekeyed = values.iter().map(each).collect::<Result<Vec<_>, Error>>()?;
    output::write(arguments.format, &rekeyed, out)
}

fn rekeyed(
    sealer: &Sealer,
    old: &Bound,
    new: &Bound,
    variable: &SealedVariable,
) -> Result<String, Error> {
    let name = &variable.name;
    let (from, to) = (old.context(name), new.context(name));
    let blob = || sealer.re_encrypt(variable.form.blob(), (&old.key, &from), (&new.key, &to));
    Ok(match &variable.form {
        Form::Value(_) => format!("kms:v1:{}", STANDARD.encode(blob()?)),
        Form::Bundle(_) => format!("kms:v1b:{}", STANDARD.encode(blob()?)),
        // Its bytes are authenticated with the context, which only an opened data key could change.
        Form::Envelope(_) if from != to => return Err(Error::EnvelopeContext(name.clone())),
        Form::Envelope(envelope) => {
            let bytes = envelope
                .with_data_key(&blob()?)
                .map_err(|_| Error::Unsealable(name.clone()))?;
            format!("kms:v1e:{}", STANDARD.encode(bytes))
        }
    })
}
