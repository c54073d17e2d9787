//! Whole lines, so that a change of what goes out is a change of a file that people read.

use super::*;

/// One of each event, on ECS and on a laptop.
fn lines(format: Format) -> String {
    let ecs = scope(Platform::Ecs, Some(task()));
    let laptop = scope(Platform::Local, None);
    let unread = Scope {
        context: Context {
            policy: None,
            ..laptop.context.clone()
        },
        ..scope(Platform::Ecs, None)
    };
    let (syscall, loader, connect, write) = (syscall(), loader(), connect(), write());
    let (start, refusal) = (start(), refusal());
    let events = [
        (&ecs, Event::Started(&start)),
        (&ecs, occurrence(&syscall, 1)),
        (&ecs, occurrence(&syscall, 2)),
        (&ecs, occurrence(&connect, 1)),
        (&ecs, occurrence(&write, 1)),
        (&laptop, occurrence(&loader, 1)),
        (&ecs, Event::Refused(&refusal)),
        (&unread, Event::Refused(&refusal)),
        (&laptop, Event::Ended(&END)),
        (&ecs, Event::Ended(&VIOLATION)),
    ];
    events
        .iter()
        .map(|(scope, event)| encode(format, scope, event) + "\n")
        .collect()
}

fn encode(format: Format, scope: &Scope, event: &Event) -> String {
    let json = match format {
        Format::Ocsf => ocsf::encode(scope, &stamp(), event),
        Format::Falco => falco::encode(scope, &stamp(), event),
    };
    let ours = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"}");
    json.unwrap().replace(ours, "\"version\":\"OURS\"}")
}

#[track_caller]
fn assert_lines(found: &str, expected: &str) {
    for (found, expected) in found.lines().zip(expected.lines()) {
        assert_eq!(found, expected);
    }
    assert_eq!(found.lines().count(), expected.lines().count());
}

#[test]
fn ocsf_is_written_as_the_security_team_knows_it() {
    assert_lines(&lines(Format::Ocsf), include_str!("golden.ocsf.jsonl"));
}

#[test]
fn falco_is_written_as_falcosidekick_takes_it() {
    let lines = lines(Format::Falco);
    assert_lines(&lines, include_str!("golden.falco.jsonl"));
    for line in lines.lines() {
        let value: Value = serde_json::from_str(line).unwrap();
        for field in ["priority", "rule", "time", "output_fields", "uuid"] {
            assert!(!value[field].is_null(), "{field} is missing: {line}");
        }
    }
}

#[test]
fn arguments_go_out_only_if_the_policy_says_so_and_no_short_secret_could_hide_in_them() {
    let line = |scope: &Scope| encode(Format::Ocsf, scope, &occurrence(&syscall(), 1));
    let mut scope = scope(Platform::Ecs, Some(task()));
    assert!(line(&scope).contains(r#""cmd_line":"gdb -p\\x0a7""#));
    scope.redactor.register(b"1234");
    assert!(!line(&scope).contains("cmd_line"));

    scope.redactor = Redactor::new().unwrap();
    scope.arguments = false;
    assert!(!line(&scope).contains("cmd_line"));
}

#[test]
fn a_refusal_tells_people_everything_on_one_line() {
    let mut scope = scope(Platform::Ecs, None);
    assert_eq!(
        words::for_people(&scope, &refusal()),
        "micro-enforcer: the image is not on the allowlist; expected sha256:0d; \
         found sha256:0e from ImageID; add its digest to image.allow [image.digest, exit code 203]\n"
    );
    scope.redactor.register(b"hunter2hunter2");
    let hostile = Refusal::new(
        Code::Command,
        "command.denied",
        "a\n\x1b[31m",
        "hunter2hunter2",
    );
    assert_eq!(
        words::for_people(&scope, &hostile),
        "micro-enforcer: a\\x0a\\x1b[31m; *** [command.denied, exit code 211]\n"
    );
}
