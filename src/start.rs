//! The steps of [`crate::run`], each a function from one value to the next.

mod boot;
mod environment;
mod facts;
mod finish;

pub(crate) use boot::Boot;
pub(crate) use environment::{deliver, environment};
pub(crate) use facts::facts;
pub(crate) use finish::launch;

use crate::admission::{self, CommandAdmitted};
use crate::aws;
use crate::cli::{HELP, Invocation, Request};
use crate::documents::{self, Grounds, LoadRequest};
use crate::finding::Finding;
use crate::identity::{Current, Identity};
use crate::policy::{self, Control, Policy};
use crate::probe::probe;
use crate::refusal::{Code, Refusal};
use crate::report::{self, Reporter};
use crate::sandbox::{self, Kernel, Sandbox};
use crate::supervisor::NameSources;
use crate::sys::signal::{Blocked, Signals};
use crate::sys::{environ, fd, process};
use crate::{prepare, run};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

/// The controls that nothing holds up without a listener.
const ASKED: [Control; 3] = [Control::Exec, Control::Network, Control::Foreign];

/// How long the last words may take to be written.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Why a start stopped.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The enforcer refuses.
    Refused(Refusal),
    /// A signal ended it.
    Interrupted(i32),
}

impl<E: Into<Refusal>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Refused(error.into())
    }
}

/// An internal fault: something that a container's kernel does not refuse.
impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::new(
            Code::Usage,
            "internal",
            error.to_string(),
            "report it with the kernel's and the runtime's version",
        )
    }
}

/// What every step needs from the first moment on.
#[derive(Debug)]
pub(crate) struct Begun {
    pub(crate) blocked: Blocked,
    pub(crate) signals: Signals,
    pub(crate) report: Reporter,
    pub(crate) began: Instant,
}

/// See [`crate::main`].
pub(crate) fn main() -> ExitCode {
    match request() {
        Ok((Request::Help, _)) => print(HELP),
        Ok((Request::Version, _)) => {
            print(concat!("micro-enforcer ", env!("CARGO_PKG_VERSION"), "\n"))
        }
        Ok((Request::Probe(url), _)) => match probe(&url.to_string_lossy()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => complain(&format!(
                "micro-enforcer: {}: {error}\n",
                url.to_string_lossy()
            )),
        },
        Ok((Request::Run(invocation), blocked)) => ExitCode::from(reported(*invocation, blocked)),
        Err(refusal) => ExitCode::from(refused(&refusal)),
    }
}

/// Blocks signals before anything else, and takes the environment before anybody can read it.
fn request() -> Result<(Request, Blocked), Refusal> {
    let blocked = Blocked::all()?;
    process::set_undumpable()?;
    fd::fill_standard()?;
    fd::cloexec_from_3()?;
    let environment = environ::take();
    let request = Request::parse(std::env::args_os().skip(1).collect(), environment)?;
    Ok((request, blocked))
}

/// Runs, and says once how it ended, if that was not the application's own end.
fn reported(invocation: Invocation, blocked: Blocked) -> u8 {
    let begun = Signals::open(&blocked)
        .map_err(Refusal::from)
        .and_then(|signals| {
            let report = Reporter::new(&policy::Report::default(), context(&invocation)?)?;
            Ok(Begun {
                blocked,
                signals,
                report,
                began: Instant::now(),
            })
        });
    let mut begun = match begun {
        Ok(begun) => begun,
        Err(refusal) => return refused(&refusal),
    };
    let status = match run(invocation, &mut begun) {
        Ok(status) => status,
        Err(Stop::Refused(refusal)) => {
            begun.report.refused(&refusal);
            refusal.code.status()
        }
        Err(Stop::Interrupted(signal)) => finish::interrupted(signal, &mut begun.report),
    };
    begun.report.flush_until(Instant::now() + LAST_WORDS);
    status
}

/// A refusal before there is anything that could report it otherwise.
fn refused(refusal: &Refusal) -> u8 {
    let told = report::correlation_uid().and_then(|uid| {
        let context = report::Context {
            correlation_uid: uid,
            ..report::Context::default()
        };
        let mut report = Reporter::new(&policy::Report::default(), context)?;
        report.refused(refusal);
        report.flush_until(Instant::now() + LAST_WORDS);
        Ok(())
    });
    match told {
        Ok(()) => {}
        Err(_) => drop(complain(&format!("micro-enforcer: {refusal}\n"))),
    }
    refusal.code.status()
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// For people; where even standard error does not take it there is nobody left to tell.
fn complain(line: &str) -> ExitCode {
    drop(io::stderr().write_all(line.as_bytes()));
    ExitCode::FAILURE
}

fn context(invocation: &Invocation) -> io::Result<report::Context> {
    let hostname = nix::unistd::gethostname()?.to_string_lossy().into_owned();
    let program = invocation
        .command
        .first()
        .map(|name| name.as_bytes().to_vec());
    Ok(report::Context {
        correlation_uid: report::correlation_uid()?,
        hostname,
        program: program.unwrap_or_default(),
        ..report::Context::default()
    })
}

/// Seconds since 1970. A clock before that knows of no policy, entry or exception whether it holds.
pub(crate) fn unix_now() -> io::Result<i64> {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_err(|_| io::Error::other("the wall clock stands before 1970"))?;
    i64::try_from(since.as_secs()).map_err(io::Error::other)
}

/// What the start stands on: which documents there are, and what is trusted.
pub(crate) fn grounds(invocation: &Invocation) -> Result<Grounds, Stop> {
    Ok(documents::find(&LoadRequest::new(&invocation.settings))?)
}

/// The policy that holds here and now; from then on reports are as it wants them.
pub(crate) fn policy(
    grounds: &Grounds,
    invocation: &Invocation,
    begun: &mut Begun,
) -> Result<Policy, Stop> {
    let gathered = boot::gather(grounds, invocation, begun)?;
    let chosen = grounds.policy(&gathered.documents, unix_now()?)?;
    let facts = facts::policy(&chosen);
    let (policy, floor) = (chosen.policy, chosen.floor);
    begun
        .report
        .adopt(&policy.report, policy.platform, facts.clone());
    let in_force = policy.in_force(unix_now()?)?;
    let mut policy = in_force.policy;
    if let Some(floor) = floor {
        policy = policy.on(&floor.policy);
        begun.report.adopt(&policy.report, policy.platform, facts);
        begun.tell(floor.finding);
    }
    begun.tell(in_force.finding);
    let Some(token) = chosen.break_glass else {
        return Ok(policy);
    };
    let task = gathered.task.unwrap_or_default();
    aws::check_scope("the break-glass token", &token.applies_to, &task)?;
    begun.tell([facts::broken(&token)]);
    Ok(policy.broken_by(&token))
}

/// The command is admitted before any credential is asked for.
pub(crate) fn command(
    policy: &Policy,
    invocation: &Invocation,
    begun: &mut Begun,
) -> Result<CommandAdmitted, Stop> {
    let (admitted, finding) =
        admission::command(&policy.command, &invocation.command, policy.mode)?;
    begun.tell(finding);
    Ok(admitted)
}

/// Who the application becomes, and the directories that are made for it.
pub(crate) fn identity(policy: &Policy) -> Result<Identity, Stop> {
    let current = Current::read()?;
    let identity = Identity::resolve(&policy.identity, &current)?;
    if policy.supervise.enabled {
        identity.can_be_signalled(&current)?;
    }
    prepare::directories(&policy.files.prepare, identity.uid(), identity.gid())?;
    Ok(identity)
}

/// Who knows of the host names of the policy, if there are any.
pub(crate) fn names(policy: &Policy, identity: &Identity) -> Result<Option<NameSources>, Stop> {
    Ok(NameSources::start(policy, identity)?)
}

/// Another init and our parent below it: they may be the application's user (`docker run --init --user`), and what ends
/// them ends us.
fn above() -> Vec<i32> {
    let (own, parent) = (
        nix::unistd::getpid().as_raw(),
        nix::unistd::getppid().as_raw(),
    );
    let mut above = vec![1, parent];
    // A parent in another pid namespace is 0.
    above.retain(|pid| *pid != own && *pid != 0);
    above.dedup();
    above
}

/// The compiled envelope.
pub(crate) fn sandbox(policy: &Policy, names: Option<&NameSources>) -> Result<Sandbox, Stop> {
    let kernel = Kernel::probe();
    let helpers = names.map(NameSources::pids).unwrap_or_default();
    let us = sandbox::Supervisor {
        pid: nix::unistd::getpid().as_raw(),
        group: nix::unistd::getpgrp().as_raw(),
        threads: helpers.into_iter().chain(above()).collect(),
    };
    let request = sandbox::Request {
        syscalls: &policy.syscalls,
        files: &policy.files,
        exec: policy.exec.as_ref(),
        network: policy.network.as_ref(),
        mode: policy.mode,
        must_listen: policy.require.iter().any(|control| {
            let walled = *control == Control::Files && kernel.landlock_abi.is_none();
            walled || ASKED.contains(control)
        }),
        supervisor: policy.supervise.enabled.then_some(&us),
        kernel: &kernel,
        now: unix_now()?,
    };
    Ok(Sandbox::compile(&request)?)
}

impl Begun {
    fn tell(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings
            .into_iter()
            .for_each(|finding| self.report.finding(&finding));
    }
}
