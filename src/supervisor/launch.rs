//! Everything that a start needs, together: there is no other way to the child.

use super::program::Program;
use crate::admission::Admitted;
use crate::identity::Identity;
use crate::sandbox::Sandbox;
use crate::secrets::Environment;
use crate::sys::process::Block;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;

/// The parts of a launch. Each can only be had from the step before it.
#[derive(Debug)]
pub struct Parts {
    /// The proof that image and command are admitted.
    pub admitted: Admitted,
    /// What was asked for.
    pub command: Vec<OsString>,
    /// The environment, secrets opened.
    pub environment: Environment,
    /// Descriptors that it inherits beside the standard ones.
    pub inherited: Vec<OwnedFd>,
    /// Who the application becomes.
    pub identity: Identity,
    /// The compiled envelope.
    pub sandbox: Sandbox,
}

/// A start that nothing stands in the way of. Dropping it wipes the plaintext.
#[derive(Debug)]
pub struct Launch {
    program: Program,
    environment: Block,
    inherited: Vec<OwnedFd>,
    identity: Identity,
    sandbox: Sandbox,
    _admitted: Admitted,
}

impl Launch {
    /// Lays out what the child needs, so that it allocates nothing.
    pub fn new(parts: Parts) -> io::Result<Self> {
        let path = parts.environment.get(b"PATH");
        Ok(Self {
            program: Program::new(&parts.command, path)?,
            environment: Block::new(&parts.environment.entries)?,
            inherited: parts.inherited,
            identity: parts.identity,
            sandbox: parts.sandbox,
            _admitted: parts.admitted,
        })
    }

    pub(super) const fn program(&self) -> &Program {
        &self.program
    }

    pub(super) const fn environment(&self) -> &Block {
        &self.environment
    }

    pub(super) const fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// What outlives the launch: who the application is, how its envelope answers, and what must stay open until its
    /// table is its own.
    pub(super) fn into_envelope(self) -> (Identity, Sandbox, Vec<OwnedFd>) {
        (self.identity, self.sandbox, self.inherited)
    }
}
