//! The encodings as they are written, and that every event fits its line whatever it says.

use super::event::Occurrence;
use super::*;
use crate::control::ControlState;
use crate::finding::{Process, Rule};
use crate::policy::{Control, Mode, Platform};
use crate::refusal::Code;
use proptest::prelude::*;
use serde_json::Value;

mod fits;
mod golden;
mod reporter;

fn scope(platform: Platform, task: Option<TaskFacts>) -> Scope {
    Scope {
        context: Context {
            correlation_uid: "0123456789abcdef0123456789abcdef".into(),
            platform,
            hostname: "ip-10-0-0-7".into(),
            program: b"/app/server".to_vec(),
            policy: Some(PolicyFacts {
                name: "orders-api".into(),
                serial: 12,
                sha256: "ab".repeat(32),
                labels: BTreeMap::from([("owner".into(), "payments".into())]),
                signed_by: "security-2026".into(),
                floor: "bank-base 4".into(),
            }),
        },
        task,
        arguments: true,
        start: StartDetail::Full,
        redactor: Redactor::new().unwrap(),
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
        image_id: "sha256:0d".into(),
    }
}

fn stamp() -> Stamp {
    Stamp {
        time: 1_795_447_600_123,
        sequence: 3,
        limit: 1_024,
        ..Stamp::default()
    }
}

fn loader() -> Finding {
    Finding {
        rule: Rule::ENVIRONMENT_LOADER,
        action: Action::Denied,
        message: "the variable LD_PRELOAD was left out".into(),
        object: b"LD_PRELOAD".to_vec(),
        process: None,
    }
}

fn syscall() -> Finding {
    Finding {
        rule: Rule::SYSCALL_DENIED,
        action: Action::Killed,
        message: "ptrace is outside the baseline".into(),
        object: b"ptrace".to_vec(),
        process: Some(Process {
            pid: 42,
            uid: 10_001,
            executable: b"/usr/bin/gdb".to_vec(),
            name: b"gdb".to_vec(),
            parents: vec![b"sh".to_vec(), b"server".to_vec()],
            arguments: vec![b"gdb".to_vec(), b"-p\n7".to_vec()],
        }),
    }
}

fn connect() -> Finding {
    Finding {
        rule: Rule::NETWORK_CONNECT,
        action: Action::Observed,
        message: "10.9.8.7:443 is not in network.connect".into(),
        object: b"10.9.8.7:443".to_vec(),
        process: None,
    }
}

fn write() -> Finding {
    Finding {
        rule: Rule::FILE_WRITE,
        action: Action::Denied,
        message: "/etc/cron.d/x is outside files.writable".into(),
        object: b"/etc/cron.d/x".to_vec(),
        process: None,
    }
}

fn start() -> Started {
    let control = |control, state, reason: &str| ControlState {
        control,
        state,
        reason: reason.into(),
    };
    Started {
        mode: Mode::Enforce,
        pid: 7,
        command: vec![b"/app/server".to_vec(), b"--port=8080".to_vec()],
        identity: Identity {
            uid: 10_001,
            gid: 10_001,
            groups: vec![4, 20],
            capabilities: vec![],
        },
        image: Some(Matched {
            entry: "orders-api 2.4".into(),
            digest: "sha256:0d".into(),
            from: "ImageID".into(),
        }),
        certificate: String::new(),
        opened: vec![OpenedSecret {
            name: "DB_PASSWORD".into(),
            key: "arn:aws:kms:us-east-1:111122223333:key/k".into(),
        }],
        controls: vec![
            control(Control::Image, State::Enforced, "matched ImageID"),
            control(Control::Exec, State::Unavailable, "not in this release"),
        ],
    }
}

fn refusal() -> Refusal {
    Refusal::new(
        Code::Image,
        "image.digest",
        "the image is not on the allowlist",
        "add its digest to image.allow",
    )
    .expected("sha256:0d", "sha256:0e from ImageID")
}

const END: Ended = Ended {
    exit_code: 143,
    origin: Origin::Application,
    signal: Some(15),
    rule: None,
};

const VIOLATION: Ended = Ended {
    exit_code: 210,
    origin: Origin::Enforcer,
    signal: Some(9),
    rule: Some(Rule::EXEC_FILELESS),
};

fn occurrence(finding: &Finding, count: u64) -> Event<'_> {
    Event::Violation(Occurrence {
        finding,
        uid: 0xfeed,
        count,
        first_seen: 1_795_447_600_000,
    })
}
