//! What is to be sealed, or is sealed already. Never from the command line, where every user of a machine can read it.

use super::super::Error;
use super::super::cli::Seal;
use crate::secrets::Form;
use crate::secrets::bundle::elements;
use crate::secrets::sealed::{form, version};
use nix::sys::termios::{LocalFlags, SetArg, tcgetattr, tcsetattr};
use serde_json::Value;
use std::io::{self, BufRead, IsTerminal, Read};
use zeroize::Zeroizing;

/// A name and what is to be sealed for it.
pub(super) struct Variable {
    pub(super) name: String,
    pub(super) value: Zeroizing<Vec<u8>>,
}

/// A name and its sealed value, taken apart.
pub(super) struct SealedVariable {
    pub(super) name: String,
    pub(super) form: Form,
}

/// A file's bytes; `-` is standard input.
pub(in crate::ctl) fn read(name: &str) -> Result<Vec<u8>, Error> {
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

/// One value under `--name`, or every variable of a dotenv or JSON file.
pub(super) fn variables(arguments: &Seal) -> Result<Vec<Variable>, Error> {
    let input = &arguments.input;
    if let Some(name) = &input.name {
        let value = if arguments.file == "-" && io::stdin().is_terminal() {
            prompted(name)?
        } else {
            Zeroizing::new(read(&arguments.file)?)
        };
        return Ok(vec![Variable {
            name: name.clone(),
            value,
        }]);
    }
    match (&input.dotenv, &input.json) {
        (Some(path), _) => dotenv(path, &read(path)?),
        (_, Some(path)) => object(path, &read(path)?),
        (None, None) => Err(Error::NothingToSeal),
    }
}

/// Without an echo, up to the end of the line.
fn prompted(name: &str) -> Result<Zeroizing<Vec<u8>>, Error> {
    let failed = |errno: nix::Error| Error::Read {
        name: "the terminal".into(),
        error: errno.into(),
    };
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).map_err(failed)?;
    let mut silent = before.clone();
    silent.local_flags.remove(LocalFlags::ECHO);
    anstream::eprint!("{name}: ");
    tcsetattr(&terminal, SetArg::TCSANOW, &silent).map_err(failed)?;
    let mut line = Zeroizing::new(Vec::new());
    let read = terminal.lock().read_until(b'\n', &mut line);
    tcsetattr(&terminal, SetArg::TCSANOW, &before).map_err(failed)?;
    anstream::eprintln!();
    read.map_err(|error| Error::Read {
        name: "the terminal".into(),
        error,
    })?;
    if line.ends_with(b"\n") {
        line.pop();
    }
    Ok(line)
}

/// `NAME=VALUE` lines; empty ones and those that begin with `#` are left out, and nothing else is special.
fn dotenv(origin: &str, bytes: &[u8]) -> Result<Vec<Variable>, Error> {
    let mut variables = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        let fault = || Error::Line {
            name: origin.to_owned(),
            line: index + 1,
        };
        let equals = line
            .iter()
            .position(|byte| *byte == b'=')
            .ok_or_else(fault)?;
        let name = str::from_utf8(&line[..equals])
            .ok()
            .filter(|name| !name.is_empty())
            .ok_or_else(fault)?;
        variables.push(Variable {
            name: name.to_owned(),
            value: Zeroizing::new(line[equals + 1..].to_vec()),
        });
    }
    each_once(origin, variables)
}

/// A JSON object of strings.
fn object(origin: &str, bytes: &[u8]) -> Result<Vec<Variable>, Error> {
    let fault = || Error::NoObject(origin.to_owned());
    let Ok(Value::Object(object)) = serde_json::from_slice(bytes) else {
        return Err(fault());
    };
    let variable = |(name, value): (String, Value)| match value {
        Value::String(value) => Ok(Variable {
            name,
            value: Zeroizing::new(value.into_bytes()),
        }),
        _ => Err(fault()),
    };
    object.into_iter().map(variable).collect()
}

fn each_once(origin: &str, variables: Vec<Variable>) -> Result<Vec<Variable>, Error> {
    for (index, variable) in variables.iter().enumerate() {
        if variables[..index]
            .iter()
            .any(|earlier| earlier.name == variable.name)
        {
            return Err(Error::Twice {
                origin: origin.to_owned(),
                name: variable.name.clone(),
            });
        }
    }
    Ok(variables)
}

/// The plaintext of a bundle in one ciphertext.
pub(super) fn json(variables: &[Variable]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut object = serde_json::Map::new();
    for variable in variables {
        let value =
            str::from_utf8(&variable.value).map_err(|_| Error::NotText(variable.name.clone()))?;
        object.insert(variable.name.clone(), value.into());
    }
    Ok(Zeroizing::new(
        Value::Object(object).to_string().into_bytes(),
    ))
}

/// Sealed values: lines of `NAME=kms:…`, of which one may be a bundle, or the JSON of a container's `environment`.
pub(super) fn sealed(origin: &str, bytes: &[u8]) -> Result<Vec<SealedVariable>, Error> {
    let mut all = Vec::new();
    for Variable { name, value } in pairs(origin, bytes)? {
        if let Some((version, body)) = version(&value) {
            let form = form(&name, version, body)?;
            all.push(SealedVariable { name, form });
            continue;
        }
        for (name, form) in elements(&name, &value)? {
            all.push(SealedVariable { name, form });
        }
    }
    Ok(all)
}

fn pairs(origin: &str, bytes: &[u8]) -> Result<Vec<Variable>, Error> {
    if !bytes.trim_ascii_start().starts_with(b"[") {
        return dotenv(origin, bytes);
    }
    let fault = || Error::NoObject(origin.to_owned());
    let list: Vec<Value> = serde_json::from_slice(bytes).map_err(|_| fault())?;
    let pair = |entry: &Value| {
        let text = |key: &str| entry[key].as_str().map(str::to_owned).ok_or_else(fault);
        Ok(Variable {
            name: text("name")?,
            value: Zeroizing::new(text("value")?.into_bytes()),
        })
    };
    list.iter().map(pair).collect()
}
