//! A closed standard error. Alone in its process, because the descriptor's number must stay unused.

use micro_enforcer::policy::{Platform, Report};
use micro_enforcer::refusal::{Code, Refusal};
use micro_enforcer::report::{Context, Reporter};
use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd as _, AsRawFd as _};

#[test]
fn a_closed_descriptor_is_no_fault() {
    let file = ManuallyDrop::new(File::open("/dev/null").unwrap());
    nix::unistd::close(file.as_raw_fd()).unwrap();
    let context = Context {
        correlation_uid: "0".into(),
        platform: Platform::Local,
        hostname: "laptop".into(),
        program: b"/app/server".to_vec(),
        policy: None,
    };
    let mut reporter = Reporter::on(file.as_fd(), &Report::default(), context).unwrap();
    reporter.refused(&Refusal::new(Code::Policy, "policy.invalid", "no", "yes"));
    assert!(!reporter.pending());
    assert!(reporter.poll_fd().is_none());
}
