//! What the application is given: its environment, and the files beside it.

use super::{Begun, Stop, unix_now};
use crate::aws::BootResult;
use crate::cli::Invocation;
use crate::identity::Identity;
use crate::policy::{self, Policy};
use crate::secrets::{self, Environment};
use crate::{delivery, report};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;

/// The application's environment; from then on no report shows a secret of it.
pub(crate) fn environment(
    policy: &Policy,
    invocation: &Invocation,
    identity: &Identity,
    booted: BootResult,
    begun: &mut Begun,
) -> Result<Environment, Stop> {
    for opened in &booted.opened {
        begun.report.keep_secret(&opened.value);
    }
    begun.tell(booted.findings);
    let home = identity.home().map(|home| home.as_os_str().as_bytes());
    let (environment, findings) = secrets::environment(
        &invocation.environment,
        &policy.secrets,
        &policy.environment,
        home,
        booted.opened,
    )?;
    for name in &policy.secrets.redact {
        if let Some(value) = environment.get(name.as_str().as_bytes()) {
            begun.report.keep_secret(value);
        }
    }
    begun.tell(findings);
    for file in &environment.files {
        begun.report.keep_secret(&file.value);
    }
    Ok(environment)
}

/// What the application gets as files, and the descriptors that it inherits for that.
pub(crate) fn deliver(
    secrets: &policy::Secrets,
    environment: &mut Environment,
    identity: &Identity,
    started: &mut report::Started,
) -> Result<Vec<OwnedFd>, Stop> {
    let owner = delivery::Owner {
        uid: identity.uid(),
        gid: identity.gid(),
    };
    // Taken out, so that they are wiped when they are written.
    let files = std::mem::take(&mut environment.files);
    let mut inherited = Vec::new();
    for delivered in delivery::secrets(secrets, &files, owner)? {
        environment.add(&delivered.variable, &delivered.path);
        inherited.extend(delivered.inherited);
    }
    if let Some(wanted) = &secrets.certificate {
        let hostname = nix::unistd::gethostname().map_err(io::Error::from)?;
        let made = delivery::certificate(wanted, &hostname.to_string_lossy(), unix_now()?)?;
        delivery::pair(wanted, &made, owner)?;
        started.certificate = made.sha256;
    }
    Ok(inherited)
}
