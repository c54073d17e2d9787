//! From the launch to the exit status.

use super::{Begun, Stop};
use crate::finding::Rule;
use crate::policy::Policy;
use crate::refusal::Code;
use crate::report::{Ended, Origin, Reporter, Started};
use crate::supervisor::{self, Forwarding, Guards, Launch, OwnFilter, Supervisor};
use crate::sys::process::End;
use std::time::Instant;

/// Starts the application and waits for its end, or becomes the application.
pub(crate) fn launch(
    policy: &Policy,
    launch: Launch,
    guards: Guards,
    mut started: Started,
    begun: &mut Begun,
) -> Result<u8, Stop> {
    if !policy.supervise.enabled {
        return become_application(&launch, &started, begun);
    }
    supervisor::has_descriptors()?;
    let child = supervisor::spawn(launch, &begun.blocked)?;
    supervisor::keep_only_what_supervision_needs(&child)?;
    supervisor::raise_descriptor_limit()?;
    started.pid = child.pid();
    let supervisor = Supervisor {
        child,
        guards,
        own_filter: OwnFilter::default(),
        signals: &begun.signals,
        report: &mut begun.report,
        forwarding: Forwarding::new(&policy.supervise),
        grace: policy.supervise.grace.get(),
    };
    match supervisor.run(started)? {
        supervisor::Ended::Application(end) => Ok(application_ended(end, &mut begun.report)),
        supervisor::Ended::Violation(rule) => Ok(violated(rule, &mut begun.report)),
        supervisor::Ended::NotStarted(refusal) => Err(refusal.into()),
    }
}

/// There is nobody left to report afterwards, so that the start event goes first.
fn become_application(launch: &Launch, started: &Started, begun: &mut Begun) -> Result<u8, Stop> {
    let deadline = Instant::now() + super::LAST_WORDS;
    if let Some(signal) = supervisor::wait_until_childless(&begun.signals, deadline)? {
        return Err(Stop::Interrupted(signal));
    }
    let started = Started {
        pid: nix::unistd::getpid().as_raw(),
        ..started.clone()
    };
    begun.report.started(&started);
    begun.report.flush_until(deadline);
    Err(supervisor::exec_in_place(launch, &begun.blocked).into())
}

fn application_ended(end: End, report: &mut Reporter) -> u8 {
    let (exit_code, signal) = match end {
        End::Exited(status) => (status, None),
        End::Signalled(signal) => (of_signal(signal), Some(signal)),
    };
    report.ended(&Ended {
        exit_code,
        origin: Origin::Application,
        signal,
        rule: None,
    });
    exit_code
}

fn violated(rule: Rule, report: &mut Reporter) -> u8 {
    let exit_code = Code::Violation.status();
    report.ended(&Ended {
        exit_code,
        origin: Origin::Enforcer,
        signal: None,
        rule: Some(rule),
    });
    exit_code
}

/// A signal ended the start: 128+n, as if the application had been there to get it.
pub(super) fn interrupted(signal: i32, report: &mut Reporter) -> u8 {
    let exit_code = of_signal(signal);
    report.ended(&Ended {
        exit_code,
        origin: Origin::Enforcer,
        signal: Some(signal),
        rule: None,
    });
    exit_code
}

fn of_signal(signal: i32) -> u8 {
    u8::try_from(128 + signal).unwrap_or(u8::MAX)
}
