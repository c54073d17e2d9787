//! What a policy changes about the envelope, and what the controls then say.

use super::*;
use crate::finding::Severity;
use crate::policy::Control;
use crate::policy::value::{Rule as Item, SyscallName};

fn name(name: &str) -> SyscallName {
    serde_json::from_value(name.into()).unwrap()
}

fn deny(call: &str, effect: Option<Effect>) -> Syscalls {
    let item = Item {
        matcher: name(call),
        effect,
        severity: None,
        until: None,
        note: None,
    };
    Syscalls {
        deny: vec![item],
        ..Syscalls::default()
    }
}

fn allow(call: &str) -> Syscalls {
    Syscalls {
        allow: vec![name(call)],
        ..Syscalls::default()
    }
}

/// What the two filters of a policy do with a call: supervised and not.
fn both(syscalls: &Syscalls, mode: Mode, call: &str) -> (u32, u32) {
    let supervisor = Supervisor::new(1);
    let sandbox = compiled(syscalls, Some(&supervisor), mode).unwrap();
    let number = number(Arch::NATIVE, call).unwrap();
    let does = |program: &Program| run(program, Arch::NATIVE, number, [9; 6]).action;
    (
        does(sandbox.notifying.as_ref().unwrap()),
        does(sandbox.answering.as_ref().unwrap()),
    )
}

#[test]
fn the_policy_allows_a_call_of_the_baseline() {
    assert_eq!(
        both(&Syscalls::default(), Mode::Enforce, "ptrace"),
        (Action::Notify.raw(), EPERM.raw())
    );
    assert_eq!(
        both(&allow("ptrace"), Mode::Enforce, "ptrace"),
        (ALLOWED.raw(), ALLOWED.raw())
    );
    let sandbox = compiled(&allow("ptrace"), None, Mode::Enforce).unwrap();
    assert!(
        sandbox.controls()[0]
            .reason
            .ends_with("the policy allows ptrace")
    );
}

#[test]
fn the_policy_cannot_allow_what_is_allowed_or_protects_the_supervisor() {
    let supervisor = Supervisor::new(1);
    let refused = |call| compiled(&allow(call), Some(&supervisor), Mode::Enforce).unwrap_err();
    assert!(matches!(refused("read"), Error::NotInBaseline(_)));
    assert!(matches!(refused("kill"), Error::ProtectsSupervisor(_)));
    // Both are in the baseline: one on some kernels only, one for two reasons.
    for call in ["truncate", "prctl"] {
        compiled(&allow(call), Some(&supervisor), Mode::Enforce).unwrap();
    }
}

#[test]
fn a_denied_call_fails_kills_or_is_only_seen() {
    let notify = Action::Notify.raw();
    let kill = Action::KillProcess.raw();
    assert_eq!(
        both(&deny("mlock", None), Mode::Enforce, "mlock"),
        (notify, EPERM.raw())
    );
    assert_eq!(
        both(&deny("mlock", Some(Effect::Kill)), Mode::Enforce, "mlock"),
        (notify, kill)
    );
    assert_eq!(
        both(&deny("mlock", Some(Effect::Stop)), Mode::Enforce, "mlock"),
        (notify, kill)
    );
    let seen = (notify, ALLOWED.raw());
    assert_eq!(
        both(&deny("mlock", Some(Effect::Audit)), Mode::Enforce, "mlock"),
        seen
    );
    assert_eq!(
        both(&deny("mlock", Some(Effect::Kill)), Mode::Audit, "mlock"),
        seen
    );
    let nothing = (ALLOWED.raw(), ALLOWED.raw());
    assert_eq!(
        both(&deny("mlock", Some(Effect::Allow)), Mode::Enforce, "mlock"),
        nothing
    );
}

#[test]
fn a_sections_mode_audits_within_an_enforcing_policy() {
    let mut syscalls = deny("mlock", None);
    syscalls.mode = Some(Mode::Audit);
    assert_eq!(both(&syscalls, Mode::Enforce, "mlock").1, ALLOWED.raw());
}

#[test]
fn audit_never_weakens_the_baseline() {
    let audited = deny("ptrace", Some(Effect::Audit));
    assert_eq!(both(&audited, Mode::Audit, "ptrace").1, EPERM.raw());
    let killed = deny("ptrace", Some(Effect::Kill));
    assert_eq!(
        both(&killed, Mode::Enforce, "ptrace").1,
        Action::KillProcess.raw()
    );
}

#[test]
fn a_denial_past_its_time_no_longer_holds() {
    let mut syscalls = deny("mlock", None);
    let until = |at: &str| serde_json::from_value(at.into()).unwrap();
    syscalls.deny[0].until = Some(until("1970-01-01T00:16:40Z"));
    assert_eq!(both(&syscalls, Mode::Enforce, "mlock").1, ALLOWED.raw());
    syscalls.deny[0].until = Some(until("1970-01-01T00:16:41Z"));
    assert_eq!(both(&syscalls, Mode::Enforce, "mlock").1, EPERM.raw());
}

#[test]
fn a_denial_that_could_never_start_the_application_is_an_error() {
    let refused = compiled(&deny("execve", None), None, Mode::Enforce).unwrap_err();
    assert!(matches!(refused, Error::StartsApplication(_)));
}

#[test]
fn a_finding_is_as_grave_as_the_item_says() {
    let mut syscalls = deny("mlock", Some(Effect::Kill));
    syscalls.deny[0].severity = Some(Severity::Critical);
    let sandbox = compiled(&syscalls, Some(&Supervisor::new(1)), Mode::Enforce).unwrap();
    let number = number(Arch::NATIVE, "mlock").unwrap();
    let denial = sandbox.explain(number.into(), &[0; 6]).denied().unwrap();
    assert_eq!(
        (denial.rule.severity, denial.effect),
        (Severity::Critical, Effect::Kill)
    );
    assert_eq!((denial.call.as_str(), denial.errno), ("mlock", libc::EPERM));
}

#[test]
fn x32_is_explained_without_an_entry() {
    let sandbox = compiled(&Syscalls::default(), None, Mode::Enforce).unwrap();
    let denial = sandbox.explain(0x4000_0065, &[0; 6]).denied().unwrap();
    assert_eq!(
        (denial.call.as_str(), denial.errno),
        ("x32:101", libc::ENOSYS)
    );
}

#[test]
fn without_seccomp_the_control_says_so_and_nothing_is_loaded() {
    let kernel = Kernel {
        seccomp: false,
        user_notification: false,
        ..kernel()
    };
    let (syscalls, files) = (Syscalls::default(), Files::default());
    let sandbox =
        Sandbox::compile(&request(&syscalls, &files, &kernel, None, Mode::Enforce)).unwrap();
    assert!(sandbox.program().is_none());
    let state = &sandbox.controls()[0];
    assert_eq!(
        (state.control, state.state),
        (Control::Syscalls, crate::control::State::Unavailable)
    );
}

#[test]
fn a_lost_listener_is_said_in_the_controls() {
    let syscalls = deny("mlock", Some(Effect::Audit));
    let mut sandbox = compiled(&syscalls, Some(&Supervisor::new(1)), Mode::Enforce).unwrap();
    assert_eq!(
        sandbox.controls()[0].reason,
        "seccomp; denied calls are reported"
    );
    sandbox.without_listener();
    let reason = "seccomp; no listener to be had here, denied calls are not reported; audited calls are not seen";
    assert_eq!(sandbox.controls()[0].reason, reason);
}

/// The ruleset is the one that was made for a supervisor who truncates.
#[test]
fn without_a_listener_truncation_by_path_is_refused_or_the_control_says_that_it_is_open() {
    let files = Files {
        writable: Some(Vec::new()),
        ..Files::default()
    };
    let kernel = Kernel {
        landlock_abi: Some(6),
        ..kernel()
    };
    let state = |syscalls: &Syscalls| {
        let supervisor = Supervisor::new(1);
        let request = request(syscalls, &files, &kernel, Some(&supervisor), Mode::Enforce);
        let mut sandbox = Sandbox::compile(&request).unwrap();
        sandbox.without_listener();
        let controls = sandbox.controls();
        let mut controls = controls.into_iter();
        let files = controls.find(|state| state.control == Control::Files);
        files.map(|state| (state.state, state.reason)).unwrap()
    };
    let (enforced, reason) = state(&Syscalls::default());
    assert_eq!(enforced, crate::control::State::Enforced);
    assert!(
        reason.contains("truncate(2) is refused everywhere"),
        "{reason}"
    );
    let (open, reason) = state(&allow("truncate"));
    assert_eq!(open, crate::control::State::Unavailable);
    assert!(reason.contains("can be truncated"), "{reason}");
}

#[test]
fn names_are_kept_unless_the_policy_allows_a_call_that_gives_them_another_meaning_or_forges_them() {
    let keeps = |syscalls: &Syscalls, mode| {
        let sandbox = compiled(syscalls, Some(&Supervisor::new(1)), mode).unwrap();
        sandbox.keeps_names()
    };
    assert!(keeps(&Syscalls::default(), Mode::Enforce));
    assert!(keeps(&allow("add_key"), Mode::Enforce));
    for call in [
        "clone",
        "clone3",
        "unshare",
        "setns",
        "process_vm_writev",
        "ptrace",
    ] {
        assert!(!keeps(&allow(call), Mode::Enforce), "{call}");
    }
    // An item that audits weakens no baseline.
    let sandbox = compiled(&deny("setns", Some(Effect::Audit)), None, Mode::Enforce).unwrap();
    assert!(sandbox.keeps_names());
}
