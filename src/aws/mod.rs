//! The boot helper: task metadata, credentials and KMS, all at once, in a process that is forked
//! for it and gone before the application starts. The only async code.
//!
//! PID 1 forks, calls [`run`] in the child and reads [`frame::HEADER`] bytes and a body from the
//! pipe; [`decode`] turns the body into what was learned, or into the refusal.

mod allowlists;
mod connect;
mod credentials;
mod endpoint;
mod frame;
mod gather;
mod helper;
mod http;
mod keys;
mod kms;
mod metadata;
mod open;
mod own;
mod proxy;
mod retry;
mod settings;
pub(crate) mod signed;
mod source;
mod stream;
mod task;
mod tls;
mod wire;

pub use frame::{HEADER, body_length, decode};
pub use gather::{GatherRequest, Gathered, decode_gathered, gather};
pub use retry::Budgets;
pub use task::{Task, check_scope};

use crate::cli::Settings;
use crate::finding::Finding;
use crate::image::{self, Admission, ImageIdentity};
use crate::policy::{self, AppliesTo, Mode, Platform};
use crate::refusal::{Code, Refusal};
use crate::secrets::{Opened, Plan};
use crate::trust::Trust;
#[cfg(feature = "workbench")]
use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::task::LocalSet;
use zeroize::Zeroizing;

/// What the helper needs to know.
#[derive(Clone, Copy, Debug)]
pub struct BootRequest<'a> {
    /// The platform's variables.
    pub settings: &'a Settings,
    /// Decides which endpoints are believed.
    pub platform: Platform,
    /// How KMS is reached.
    pub aws: &'a policy::Aws,
    /// The allowlist.
    pub image: &'a policy::Image,
    /// Who may sign the lists beside it.
    pub trust: Option<&'a Trust>,
    /// The tasks that the policy is meant for.
    pub applies_to: &'a AppliesTo,
    /// The policy's mode.
    pub mode: Mode,
    /// What there is to open.
    pub plan: &'a Plan,
    /// Keys and context.
    pub secrets: &'a policy::Secrets,
    /// Nothing goes on after it.
    pub deadline: Instant,
    /// How long each step may take.
    pub budgets: Budgets,
}

/// What the helper learned.
#[derive(Debug, Default)]
pub struct BootResult {
    /// The image, if the platform tells.
    pub image: Option<ImageIdentity>,
    /// The decision; `None` if the policy asks for none. `Refused` only where it audits.
    pub admission: Option<Admission>,
    /// The task, if the platform tells.
    pub task: Option<Task>,
    /// The plaintexts.
    pub opened: Vec<Opened>,
    /// What an auditing policy would have refused.
    pub findings: Vec<Finding>,
}

impl BootRequest<'_> {
    /// Whether an image that is not admitted stops the start.
    fn is_image_enforced(&self) -> bool {
        image::is_enforced(self.image, self.mode)
    }

    /// Whether an image can be admitted at all.
    fn has_list(&self) -> bool {
        !self.image.allow.is_empty() || !self.image.allowlists.is_empty()
    }

    /// Whether anything depends on who we are.
    fn wants_identity(&self) -> bool {
        self.is_image_enforced() || self.has_list() || self.applies_to.is_limited()
    }
}

/// Whether there is anything to ask: without it PID 1 does not fork the helper at all.
pub fn is_needed(request: &BootRequest<'_>) -> bool {
    !request.plan.is_empty() || request.wants_identity()
}

/// The forked helper's whole life: finds out, writes one frame, and returns its exit status.
pub fn run(request: &BootRequest<'_>, output: OwnedFd) -> i32 {
    alone(output, async {
        frame::encode(&helper::boot(request).await)
    })
}

/// Runs to the end in a process of its own, and hands over the frame.
fn alone(output: OwnedFd, work: impl Future<Output = Zeroizing<Vec<u8>>>) -> i32 {
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(refusal) => return tell(&frame::encode(&Err(refusal)), output),
    };
    let frame = LocalSet::new().block_on(&runtime, work);
    // Before the connections are closed: PID 1 goes on meanwhile, and ends us.
    let status = tell(&frame, output);
    // A resolver that does not answer holds a thread for seconds; nobody waits for it.
    runtime.shutdown_background();
    status
}

fn tell(frame: &[u8], output: OwnedFd) -> i32 {
    match File::from(output).write_all(frame) {
        Ok(()) => 0,
        Err(_) => 1,
    }
}

/// One thread is enough: what it does is wait.
fn runtime() -> Result<Runtime, Refusal> {
    Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Refusal::new(
                Code::Usage,
                "internal",
                format!("the boot helper could not start: {error}"),
                "give the container more memory or file descriptors",
            )
        })
}

/// A connector for the workbench, with the proxy and the authorities of the environment, or else of a policy.
#[cfg(feature = "workbench")]
pub(crate) fn workbench(
    settings: &Settings,
    aws: &policy::Aws,
) -> Result<SharedHttpConnector, Refusal> {
    let effective = settings::Effective::new(settings, Platform::Local, aws)?;
    Ok(tls::connector(&effective, None)?)
}

/// One request and its answer, and the innermost error for people.
#[cfg(feature = "workbench")]
pub(crate) use http::{Answer, exchange, root_cause};
#[cfg(feature = "workbench")]
pub(crate) use http::{Answered, download};

/// What is wrong with a metadata document.
#[cfg(fuzzing)]
pub(crate) fn metadata_fault(body: &[u8]) -> Option<String> {
    let parsed = metadata::parse(body, &own::Own::default());
    parsed.err().map(|error| error.to_string())
}
