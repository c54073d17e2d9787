//! `enforcerctl seal`: a value that only one key, context and variable open.

use super::Error;
use super::cli::{Binding, Seal};
use super::local;
use std::io::{self, Read, Write};

/// Seals standard input, byte for byte.
pub(super) fn run(arguments: &Seal, out: &mut impl Write) -> Result<(), Error> {
    let value = read("-")?;
    if value.ends_with(b"\n") {
        anstream::eprintln!("enforcerctl: the value ends with a newline, which is sealed with it");
    }
    writeln!(
        out,
        "{}",
        seal(&arguments.binding, &arguments.name, &value)?
    )?;
    Ok(())
}

/// A file's bytes; `-` is standard input.
pub(super) fn read(name: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let read = match name {
        "-" => io::stdin().read_to_end(&mut bytes),
        _ => std::fs::File::open(name).and_then(|mut file| file.read_to_end(&mut bytes)),
    };
    let name = match name {
        "-" => "standard input".to_owned(),
        _ => name.to_owned(),
    };
    read.map_err(|error| Error::Read { name, error })?;
    Ok(bytes)
}

/// The sealed form of a variable's value.
pub(super) fn seal(binding: &Binding, name: &str, value: &[u8]) -> Result<String, Error> {
    let context = binding.context.iter().cloned().collect();
    local::seal(&binding.key, &context, name, value).map_err(Error::step(format!("seal {name}")))
}
