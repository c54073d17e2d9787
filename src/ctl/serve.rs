//! `enforcerctl local`: the local endpoints for an image on this machine, until Ctrl-C.

use super::Error;
use super::cli::{Binding, Local};
use super::local::{Config, Key, Principal, Server, TASK_ACCESS_KEY_ID, Task};
use super::sealing::{read, seal_local};
use nix::sys::signal::{SigSet, Signal};
use std::io::{self, Write};

/// Serves; what it prints first is an environment file for Docker.
pub(super) fn run(arguments: &Local, out: &mut impl Write) -> Result<(), Error> {
    // Blocked before the server's thread is made, so that no thread takes the signal away.
    let ends = ends_of_service().map_err(Error::step("block SIGINT and SIGTERM"))?;
    let sealed = match &arguments.secrets {
        Some(name) => seal_lines(name, &read(name)?, &arguments.binding)?,
        None => Vec::new(),
    };
    let server = Server::start(config(arguments)).map_err(|error| Error::Listen {
        address: arguments.listen,
        error,
    })?;
    print(arguments, &server, &sealed, out)?;
    let ended = ends.wait().map_err(io::Error::from);
    let signal = ended.map_err(Error::step("wait for a signal"))?;
    tracing::debug!(%signal, counts = ?server.counts(), "ended");
    Ok(())
}

fn ends_of_service() -> io::Result<SigSet> {
    let mut signals = SigSet::empty();
    signals.add(Signal::SIGINT);
    signals.add(Signal::SIGTERM);
    signals.thread_block()?;
    Ok(signals)
}

fn config(arguments: &Local) -> Config {
    let task = Task::default();
    let key = &arguments.binding.key;
    Config {
        listen: arguments.listen,
        keys: vec![Key::enabled(key)],
        principals: vec![Principal::new(TASK_ACCESS_KEY_ID, &[key])],
        task: Task {
            image: arguments.image.clone().unwrap_or(task.image),
            manifest_digest: arguments.image_digest.clone(),
            ..task
        },
        ..Config::default()
    }
}

/// `NAME=VALUE` lines with each value sealed; empty lines and comments are left out.
fn seal_lines(name: &str, bytes: &[u8], binding: &Binding) -> Result<Vec<String>, Error> {
    let lines = bytes.split(|byte| *byte == b'\n').enumerate();
    lines
        .filter(|(_, line)| !line.is_empty() && !line.starts_with(b"#"))
        .map(|(index, line)| {
            let (variable, value) = pair(line).ok_or_else(|| Error::Line {
                name: name.to_owned(),
                line: index + 1,
            })?;
            Ok(format!(
                "{variable}={}",
                seal_local(&binding.key, &binding.context, variable, value)?
            ))
        })
        .collect()
}

fn pair(line: &[u8]) -> Option<(&str, &[u8])> {
    let equals = line.iter().position(|byte| *byte == b'=')?;
    let name = std::str::from_utf8(&line[..equals]).ok()?;
    Some((name, &line[equals + 1..]))
}

fn print(
    arguments: &Local,
    server: &Server,
    sealed: &[String],
    out: &mut impl Write,
) -> Result<(), Error> {
    writeln!(out, "# key: {}", arguments.binding.key)?;
    writeln!(out, "# image digest: {}", arguments.image_digest)?;
    writeln!(
        out,
        "# docker run --rm --network host --env-file THIS-FILE IMAGE"
    )?;
    for (name, value) in server.environment() {
        writeln!(out, "{name}={value}")?;
    }
    for line in sealed {
        writeln!(out, "{line}")?;
    }
    out.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ctl::local::TASK_KEY;

    fn binding() -> Binding {
        Binding {
            key: TASK_KEY.to_owned(),
            context: Vec::new(),
        }
    }

    #[test]
    fn each_line_of_an_environment_file_is_sealed_byte_for_byte() {
        let lines = b"# comment\n\nA=1=2\nB=\xff\n";
        let sealed = seal_lines("file", lines, &binding()).unwrap();
        assert_eq!(sealed.len(), 2);
        assert!(sealed[0].starts_with("A=kms:v1:") && sealed[1].starts_with("B=kms:v1:"));
    }

    #[test]
    fn a_line_without_a_name_is_refused_with_its_number() {
        let error = seal_lines("file", b"A=1\noops\n", &binding()).unwrap_err();
        assert_eq!(error.to_string(), "file, line 2: expected NAME=VALUE");
    }
}
