//! `enforcerctl open`: for people who may read a secret.

use super::super::Error;
use super::super::cli::Open;
use super::bound::Bound;
use super::input::sealed;
use super::read;
use super::sealer::Sealer;
use crate::secrets::Form;
use std::io::Write;

/// Prints plaintexts as `NAME=VALUE` lines; a bundle's as its JSON.
pub(in crate::ctl) fn run(arguments: &Open, out: &mut impl Write) -> Result<(), Error> {
    let bound = Bound::of(&arguments.target)?;
    let sealer = Sealer::of(&arguments.target)?;
    let values = sealed(&arguments.file, &read(&arguments.file)?)?;
    anstream::eprintln!("enforcerctl: what follows is secret; KMS has logged that you opened it");
    for variable in values {
        let context = bound.context(&variable.name);
        let opened = sealer.decrypt(variable.form.blob(), &bound.key, &context)?;
        let value = match &variable.form {
            Form::Value(_) | Form::Bundle(_) => opened,
            Form::Envelope(envelope) => envelope
                .open(&opened, &context)
                .map_err(|_| Error::Unsealable(variable.name.clone()))?,
        };
        out.write_all(variable.name.as_bytes())?;
        out.write_all(b"=")?;
        out.write_all(&value)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
