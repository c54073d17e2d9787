//! What each key may hold.

use crate::{refused, refused_with};

#[test]
fn values_of_the_wrong_type_are_refused_with_what_was_expected() {
    for (keys, expected) in [
        (
            "serial: twelve",
            "expected a whole number, found \"twelve\"",
        ),
        ("serial: \"12\"", "expected a whole number"),
        ("serial: -1", "expected a whole number"),
        ("serial: 1.0", "expected a whole number"),
        (
            "supervise: {enabled: yes}",
            "expected true or false, found \"yes\"",
        ),
        ("supervise: {enabled: \"true\"}", "expected true or false"),
        (
            "supervise: [a]",
            "supervise: expected a map of keys, found a list",
        ),
        ("require: exec", "require: expected a list, found \"exec\""),
        ("labels: {a: [b]}", "labels.a: expected text, found a list"),
        (
            "mode: warn",
            "mode: expected one of audit, enforce, found \"warn\"",
        ),
        ("mode: enforced", "did you mean \"enforce\"?"),
        (
            "mode: {a: b}",
            "mode: expected one of audit, enforce, found a map of keys",
        ),
        (
            "exec: {max_processes: 4294967296}",
            "expected a whole number up to 4294967295",
        ),
        ("labels: {\"a\\u001b[31m\": [b]}", "labels.\"a\\u{1b}[31m\""),
    ] {
        refused_with(keys, &["policy.yaml:4:", expected]);
    }
}

#[test]
fn malformed_values_are_refused_at_their_place_with_what_was_expected() {
    for (keys, place, expected) in [
        (
            "network: {connect: [{to: 10.1.2.3/8}]}",
            "4:26: network.connect[0].to",
            "10.0.0.0/8",
        ),
        (
            "network: {connect: [10.0.0.0/33]}",
            "network.connect[0]",
            "address range",
        ),
        (
            "network: {listen: [8080, 0]}",
            "network.listen[1]",
            "a port from 1 to 65535",
        ),
        (
            "network: {connect: [{to: a.b, ports: []}]}",
            "network.connect[0]",
            "leave `ports` out",
        ),
        (
            "secrets: {keys: [\"arn:aws:kms:us-east-1:111122223333:alias/a\"]}",
            "secrets.keys[0]",
            "alias",
        ),
        ("exec: {allow: [app/**]}", "exec.allow[0]", "absolute path"),
        (
            "exec: {allow: [/app/x**]}",
            "exec.allow[0]",
            "** as a whole component",
        ),
        (
            "command: {allow: [[\"**\", x]]}",
            "command.allow[0]",
            "** as the last",
        ),
        ("command: {allow: [[]]}", "command.allow[0]", "empty list"),
        (
            "command: {allow: [/app]}",
            "command.allow[0]",
            "expected a list",
        ),
        (
            "identity: {user: \"a b\"}",
            "identity.user",
            "a user or user:group",
        ),
        (
            "identity: {groups: [\"a b\"]}",
            "identity.groups[0]",
            "group's name",
        ),
        (
            "identity: {capabilities: [NET_BIND]}",
            "identity.capabilities[0]",
            "NET_BIND_SERVICE",
        ),
        (
            "identity: {rlimits: {nofile: many}}",
            "identity.rlimits.nofile",
            "unlimited",
        ),
        ("identity: {umask: \"0999\"}", "identity.umask", "octal"),
        (
            "start: {timeout: 30}",
            "start.timeout",
            "such as 250ms, 30s",
        ),
        ("start: {timeout: 0s}", "start.timeout", "more than 0s"),
        ("not_before: tomorrow", "not_before", "RFC 3339"),
        (
            "supervise: {signals: {TERM: QIUT}}",
            "supervise.signals.TERM",
            "a signal",
        ),
        (
            "supervise: {signals: {KILL: TERM}}",
            "supervise.signals",
            "can be caught",
        ),
        (
            "syscalls: {deny: [ptraec]}",
            "syscalls.deny[0]",
            "name of a system call",
        ),
        (
            "environment: {set: {A-B: c}}",
            "4:21: environment.set",
            "a variable name",
        ),
        (
            "aws: {endpoints: {kms: \"http://kms.example\"}}",
            "aws.endpoints.kms",
            "https://",
        ),
        (
            "aws: {from_environment: [AWS_PROFILE]}",
            "aws.from_environment[0]",
            "AWS_REGION",
        ),
        (
            "report: {limit: {per_rule: 10}}",
            "report.limit.per_rule",
            "10/min",
        ),
        ("report: {to: []}", "report.to", "at least one sink"),
        (
            "applies_to: {accounts: [\"1\"]}",
            "applies_to.accounts[0]",
            "12 digits",
        ),
        ("requires: newest", "requires", ">=1.2"),
        (
            "files: {writable: [/tmp/*]}",
            "files.writable[0]",
            "without wildcards",
        ),
        (
            "files: {prepare: [{path: /a, mode: \"4755\"}]}",
            "files.prepare[0].mode",
            "octal",
        ),
        ("files: {prepare: [/a, /a/]}", "files.prepare[1]", "twice"),
    ] {
        refused_with(keys, &["policy.yaml:4:", place, expected]);
    }
}

#[test]
fn an_image_entry_is_refused_at_its_place() {
    for (entry, place, expected) in [
        (
            "{name: a, digests: [sha256:0]}",
            "image.allow[0].digests[0]",
            "64 lower-case hex",
        ),
        (
            "{name: a, digests: []}",
            "image.allow[0].digests",
            "at least one digest",
        ),
        (
            "{digests: []}",
            "in image.allow[0]",
            "key \"name\" is missing",
        ),
        (
            "{name: a, digests: [], repository: \"a/b:1\"}",
            "image.allow[0].repository",
            "without tag",
        ),
        (
            "{name: a, digests: [], expires: {at: x}}",
            "image.allow[0].expires.at",
            "RFC 3339",
        ),
        ("orders-api", "image.allow[0]", "a map of keys"),
    ] {
        let message = refused(&format!(
            "version: 1\nname: p\nimage: {{allow: [{entry}]}}\n"
        ));
        assert!(message.starts_with("policy.yaml:3:"), "{message}");
        assert!(
            message.contains(place) && message.contains(expected),
            "{message}"
        );
    }
}
