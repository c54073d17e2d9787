//! Sealed values in the forms that pipelines take.

use super::super::Error;
use super::super::cli::Format;
use serde_json::json;
use std::io::Write;

/// Writes them all.
pub(super) fn write(
    format: Format,
    sealed: &[(String, String)],
    out: &mut impl Write,
) -> Result<(), Error> {
    match format {
        Format::Value => match sealed {
            [(_, value)] => writeln!(out, "{value}")?,
            _ => return Err(Error::ManyValues(sealed.len())),
        },
        Format::Dotenv => {
            for (name, value) in sealed {
                writeln!(out, "{name}={value}")?;
            }
        }
        Format::Ecs => {
            let entry = |(name, value): &(String, String)| json!({"name": name, "value": value});
            let list: Vec<_> = sealed.iter().map(entry).collect();
            writeln!(out, "{:#}", json!(list))?;
        }
        Format::Cloudformation => writeln!(out, "{}", piped(sealed))?,
        Format::Terraform => {
            writeln!(out, "sealed = {{")?;
            let longest = sealed
                .iter()
                .map(|(name, _)| name.len())
                .max()
                .unwrap_or_default();
            for (name, value) in sealed {
                writeln!(out, "  {name:longest$} = \"{value}\"")?;
            }
            writeln!(out, "}}")?;
        }
    }
    Ok(())
}

/// Through one parameter: `NAME=kms:…|NAME2=kms:…`.
pub(super) fn piped(sealed: &[(String, String)]) -> String {
    let pairs: Vec<String> = sealed
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("|")
}
