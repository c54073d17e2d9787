//! One of each event, with hostile bytes, into a file that `tests/ocsf/check.sh` validates.

use micro_enforcer::control::{ControlState, State};
use micro_enforcer::finding::{Action, Finding, Process, Rule};
use micro_enforcer::policy::{Control, Format, Limits, Mode, Platform, Report, value::Rate};
use micro_enforcer::refusal::{Code, Refusal};
use micro_enforcer::report::{
    Context, Ended, Identity, Matched, OpenedSecret, Origin, PolicyFacts, Reporter, Started,
    TaskFacts,
};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::Path;

const OBJECTS: [&[u8]; 8] = [
    b"/usr/bin/curl",
    b"10.9.8.7:443",
    b"[2001:db8::1]:53",
    b"::ffff:169.254.169.254",
    b"evil.example:443",
    b"ptrace",
    b"",
    b"/tmp/\x1b[31m\xff\n\xe2\x80\xae\"\\",
];

pub fn report(format: Format) -> Report {
    let plenty = Rate::per_minute(100_000);
    Report {
        format,
        arguments: true,
        limit: Limits {
            per_rule: plenty,
            per_task: plenty,
        },
        ..Report::default()
    }
}

pub fn context(platform: Platform, policy: Option<PolicyFacts>) -> Context {
    Context {
        correlation_uid: "f0e1d2c3b4a5968778695a4b3c2d1e0f".into(),
        platform,
        hostname: "ip-10-0-0-7".into(),
        program: b"/app/server".to_vec(),
        policy,
    }
}

fn policy() -> PolicyFacts {
    PolicyFacts {
        name: "orders-api".into(),
        serial: 12,
        sha256: "ab".repeat(32),
        labels: BTreeMap::from([("owner".into(), "pay\nments".into())]),
        signed_by: "security-2026".into(),
        floor: "bank-base 4".into(),
    }
}

fn task() -> TaskFacts {
    TaskFacts {
        arn: "arn:aws:ecs:us-east-1:111122223333:task/prod/0a1b".into(),
        family: "orders-api".into(),
        revision: "7".into(),
        cluster: "prod".into(),
        container: "app".into(),
        container_id: "0a1b-527074092".into(),
        account: "111122223333".into(),
        region: "us-east-1".into(),
        image: "registry.example/orders-api:2.4".into(),
        image_id: format!("sha256:{}", "0d".repeat(32)),
    }
}

fn process(object: &[u8]) -> Process {
    Process {
        pid: 42,
        uid: 10_001,
        executable: object.to_vec(),
        name: b"sh".to_vec(),
        parents: vec![b"server".to_vec(), object.to_vec()],
        arguments: vec![b"sh".to_vec(), b"-c".to_vec(), object.to_vec()],
    }
}

fn every_finding() -> Vec<Finding> {
    let actions = [
        Action::Observed,
        Action::Denied,
        Action::Killed,
        Action::Stopped,
    ];
    let mut findings = Vec::new();
    for rule in Rule::ALL {
        for (at, object) in OBJECTS.iter().enumerate() {
            findings.push(Finding {
                rule: *rule,
                action: actions[at % actions.len()],
                message: format!("{} was here\n", rule.name),
                object: object.to_vec(),
                process: (at % 2 == 0).then(|| process(object)),
            });
        }
    }
    findings
}

fn start(secrets: usize) -> Started {
    let controls = [Control::Image, Control::Syscalls, Control::SelfProtection];
    let states = [State::Enforced, State::Detected, State::Unavailable];
    Started {
        mode: Mode::Audit,
        pid: 7,
        command: vec![b"/app/server".to_vec()],
        identity: Identity {
            uid: 10_001,
            gid: 10_001,
            groups: vec![4, 20],
            capabilities: vec!["NET_BIND_SERVICE".into()],
        },
        image: (secrets > 0).then(|| Matched {
            entry: "orders-api 2.4".into(),
            digest: format!("sha256:{}", "0d".repeat(32)),
            from: "ImageID".into(),
        }),
        certificate: String::new(),
        opened: (0..secrets)
            .map(|i| OpenedSecret {
                name: format!("SECRET_{i}"),
                key: "arn:aws:kms:us-east-1:111122223333:key/k".into(),
            })
            .collect(),
        controls: controls
            .into_iter()
            .zip(states)
            .map(|(control, state)| ControlState {
                control,
                state,
                reason: "as it is".into(),
            })
            .collect(),
    }
}

fn every_end() -> [Ended; 4] {
    let ended = |exit_code, origin, signal, rule| Ended {
        exit_code,
        origin,
        signal,
        rule,
    };
    [
        ended(0, Origin::Application, None, None),
        ended(143, Origin::Application, Some(15), None),
        ended(210, Origin::Enforcer, Some(9), Some(Rule::EXEC_FILELESS)),
        ended(200, Origin::Enforcer, None, None),
    ]
}

/// Everything that one start could say.
fn say_everything(reporter: &mut Reporter) {
    for secrets in [0, 2, 100] {
        reporter.started(&start(secrets));
    }
    for finding in every_finding() {
        reporter.finding(&finding);
        reporter.finding(&finding);
    }
    for code in Code::ALL {
        for rule in ["image.digest", "secret.context"] {
            let refusal = Refusal::new(code, rule, "it is \u{202e}wrong", "mend it");
            reporter.refused(&refusal.expected("this", "that\n"));
        }
    }
    for end in every_end() {
        reporter.ended(&end);
    }
}

fn say_everything_everywhere(fd: BorrowedFd, format: Format) {
    let places = [
        (Platform::Local, None, None),
        (Platform::Local, Some(policy()), None),
        (Platform::Ecs, None, None),
        (Platform::Ecs, Some(policy()), None),
        (Platform::Ecs, Some(policy()), Some(task())),
    ];
    for (platform, policy, task) in places {
        let context = context(platform, policy);
        let mut reporter = Reporter::on(fd, &report(format), context).unwrap();
        if let Some(task) = task {
            reporter.set_task(task);
        }
        say_everything(&mut reporter);
        assert!(!reporter.pending());
    }
}

#[test]
fn one_of_each_event_is_written_for_the_validator() {
    for (format, name) in [(Format::Ocsf, "ocsf"), (Format::Falco, "falco")] {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let path = folder.join(format!("events.{name}.jsonl"));
        let file = File::create(&path).unwrap();
        say_everything_everywhere(file.as_fd(), format);
        let text = fs::read_to_string(&path).unwrap();
        let events = text.lines().filter(|line| line.starts_with('{'));
        assert!(events.count() > 5 * Rule::ALL.len() * OBJECTS.len() * 2);
        for rule in Rule::ALL {
            assert!(text.contains(&format!("\"{}\"", rule.name)), "{rule:?}");
        }
    }
}
