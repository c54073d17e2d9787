//! Programs, judged on facts alone.

use super::*;
use crate::policy::value::Rule as Item;

fn section(text: &str) -> Exec {
    let policy = format!(
        "kind: policy\nversion: 1\nname: tests\nserial: 1\nplatform: local\nimage: {{mode: audit}}\nexec: {text}\n"
    );
    crate::policy::Policy::parse(policy.as_bytes(), "tests")
        .unwrap()
        .exec
        .unwrap()
}

fn id(inode: u64) -> FileId {
    FileId {
        device: (0, 1),
        inode,
    }
}

/// /bin/sh and /bin/wget are links to /bin/busybox, python3 is one to python3.11.
fn know(path: &Path) -> Option<Known> {
    let (inode, path) = match path.to_str()? {
        "/bin/sh" | "/bin/wget" | "/bin/busybox" => (1, "/bin/busybox"),
        "/usr/bin/python3" | "/usr/bin/python3.11" => (2, "/usr/bin/python3.11"),
        "/usr/bin/curl" => (3, "/usr/bin/curl"),
        _ => return None,
    };
    Some(Known {
        id: id(inode),
        path: path.into(),
    })
}

fn judge(text: &str) -> Judge {
    Judge::new(&section(text), Mode::Enforce, 0, know)
}

fn file(path: &str, inode: u64, applet: &str) -> File {
    File {
        path: path.into(),
        id: id(inode),
        origin: Origin::Image,
        applet: applet.into(),
    }
}

fn program(file: File) -> Program {
    Program {
        files: vec![file],
        speaks_to_network: false,
        preloaded: Vec::new(),
    }
}

fn rule(judge: &Judge, file: File) -> Option<(&'static str, Effect)> {
    let verdict = judge.program(&program(file))?;
    Some((verdict.rule.name, verdict.effect))
}

const DENIED: Option<(&str, Effect)> = Some(("exec.denied", Effect::Deny));

#[test]
fn without_a_list_everything_that_the_image_ships_runs_and_nothing_else() {
    let judge = judge("{new_allowed: [/efs/tools/**]}");
    let new = |path| File {
        origin: Origin::New("x"),
        ..file(path, 9, "x")
    };
    assert_eq!(rule(&judge, file("/bin/x", 9, "x")), None);
    assert_eq!(
        rule(&judge, new("/tmp/x")),
        Some(("exec.new_executable", Effect::Deny))
    );
    assert_eq!(rule(&judge, new("/efs/tools/x")), None);
}

#[test]
fn a_program_without_a_file_is_denied_whatever_is_listed() {
    let judge = judge("{new_allowed: [\"/**\"], allow: [\"/**\"]}");
    let memory = File {
        origin: Origin::Fileless,
        ..file("/memfd:x (deleted)", 9, "x")
    };
    assert_eq!(rule(&judge, memory), Some(("exec.fileless", Effect::Deny)));
}

#[test]
fn a_name_without_wildcards_means_the_file_that_it_leads_to() {
    let judge = judge("{allow: [/usr/bin/python3]}");
    assert_eq!(
        rule(&judge, file("/usr/bin/python3.11", 2, "python3")),
        None
    );
    assert_eq!(rule(&judge, file("/usr/bin/perl", 8, "python3")), DENIED);
}

#[test]
fn a_file_of_many_programs_goes_by_the_name_that_it_is_called_by() {
    let judge = judge("{allow: [/bin/sh]}");
    assert_eq!(rule(&judge, file("/bin/busybox", 1, "sh")), None);
    assert_eq!(rule(&judge, file("/bin/busybox", 1, "wget")), DENIED);
    let judge = super::tests::judge("{allow: [/bin/busybox]}");
    assert_eq!(rule(&judge, file("/bin/busybox", 1, "wget")), None);
}

#[test]
fn a_hard_link_to_what_is_denied_is_denied_with_the_item_s_effect() {
    let judge = judge("{deny: [{match: /usr/bin/curl, effect: kill}]}");
    assert_eq!(
        rule(&judge, file("/app/innocent", 3, "x")),
        Some(("exec.denied", Effect::Kill))
    );
    assert_eq!(
        rule(&judge, file("/usr/bin/curl", 4, "x")),
        Some(("exec.denied", Effect::Kill))
    );
}

#[test]
fn denial_goes_before_allowing_and_an_item_past_its_time_is_not_there() {
    let text =
        "{allow: [\"/usr/**\"], deny: [{match: /usr/bin/curl, until: 2026-01-01T00:00:00Z}]}";
    let at = |now| Judge::new(&section(text), Mode::Enforce, now, know);
    let curl = || file("/usr/bin/curl", 3, "curl");
    assert_eq!(rule(&at(0), curl()), DENIED);
    assert_eq!(rule(&at(i64::from(u32::MAX)), curl()), None);
}

#[test]
fn every_interpreter_of_a_script_is_judged() {
    let judge = judge("{allow: [\"/app/**\"]}");
    let script = Program {
        files: vec![file("/app/run", 7, "run"), file("/usr/bin/perl", 8, "perl")],
        ..program(file("", 0, ""))
    };
    assert_eq!(
        judge.program(&script).map(|verdict| verdict.object),
        Some(b"/usr/bin/perl".to_vec())
    );
}

#[test]
fn a_shell_that_speaks_to_the_network_is_killed_and_another_program_is_not() {
    let judge = judge("{}");
    let speaking = |path, applet| Program {
        speaks_to_network: true,
        ..program(file(path, 9, applet))
    };
    let effect = |program| judge.program(&program).map(|verdict| verdict.effect);
    for (path, applet) in [
        ("/bin/dash", "x"),
        ("/usr/bin/python3.11", "x"),
        ("/opt/x", "-bash"),
    ] {
        assert_eq!(effect(speaking(path, applet)), Some(Effect::Kill), "{path}");
    }
    assert_eq!(effect(speaking("/usr/sbin/sshd", "sshd")), None);
}

#[test]
fn a_preloaded_library_that_is_new_counts_as_a_new_executable() {
    let judge = judge("{new_executables: kill}");
    let program = Program {
        preloaded: vec![File {
            origin: Origin::New("x"),
            ..file("/tmp/evil.so", 10, "")
        }],
        ..program(file("/bin/x", 9, "x"))
    };
    let verdict = judge.program(&program).unwrap();
    assert_eq!(
        (verdict.rule.name, verdict.effect),
        ("environment.loader", Effect::Kill)
    );
}

#[test]
fn an_auditing_section_denies_nothing_and_still_says_so() {
    let judge =
        judge("{mode: audit, reverse_shell: stop, deny: [{match: /usr/bin/curl, effect: kill}]}");
    assert_eq!(
        rule(&judge, file("/usr/bin/curl", 3, "curl")),
        Some(("exec.denied", Effect::Audit))
    );
}

#[test]
fn an_item_s_severity_goes_before_the_table_s() {
    let mut section = section("{}");
    section.deny = vec![Item {
        severity: Some(crate::finding::Severity::Critical),
        .."/usr/bin/curl".parse().unwrap()
    }];
    let judge = Judge::new(&section, Mode::Enforce, 0, know);
    let verdict = judge
        .program(&program(file("/usr/bin/curl", 3, "curl")))
        .unwrap();
    assert_eq!(verdict.rule.severity, crate::finding::Severity::Critical);
}
