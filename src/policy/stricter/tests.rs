//! Whatever the two say, what comes of them permits nothing that one of them does not.

use super::*;
use crate::policy::value::{Effect, PathPattern, Rule};
use proptest::prelude::*;

fn policy(sections: &str) -> Policy {
    let text = format!("version: 1\nname: p\nserial: 7\n{sections}");
    let text = if sections.contains("image:") {
        text
    } else {
        format!("{text}\nimage: {{effect: audit}}\n")
    };
    Policy::parse(text.as_bytes(), "p.yaml").unwrap()
}

fn on(ours: &str, floor: &str) -> Policy {
    policy(ours).on(&policy(floor))
}

fn effects() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("audit"), Just("deny"), Just("kill"), Just("stop")]
}

fn modes() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("audit"), Just("enforce")]
}

/// An `exec` section under a mode of the document and of its own.
fn exec() -> impl Strategy<Value = String> {
    let pattern = || {
        prop_oneof![
            Just("/app/**"),
            Just("/app/a"),
            Just("/app/*"),
            Just("/usr/bin/b"),
            Just("/**")
        ]
    };
    let allow = prop::option::of(prop::collection::vec(pattern(), 0..3));
    let deny = prop::collection::vec((pattern(), prop::option::of(effects())), 0..3);
    let all = (modes(), modes(), effects(), allow, effects(), deny);
    all.prop_map(|(mode, own, effect, allow, new, deny)| {
        let allow = allow.map(|allow| format!(", allow: [{}]", allow.join(", ")));
        let rule = |(pattern, effect): &(&str, Option<&str>)| match effect {
            Some(effect) => format!("{{match: {pattern}, effect: {effect}}}"),
            None => (*pattern).to_owned(),
        };
        let deny: Vec<String> = deny.iter().map(rule).collect();
        format!(
            "mode: {mode}\nexec: {{mode: {own}, effect: {effect}, new_executables: {new}{}, deny: [{}]}}\n",
            allow.unwrap_or_default(),
            deny.join(", ")
        )
    })
}

/// What happens to a program that the image ships.
fn verdict(policy: &Policy, path: &str) -> Effect {
    let exec = policy.exec.as_ref().unwrap();
    let matches = |rule: &&Rule<PathPattern>| rule.matcher.matches(path.as_bytes());
    if let Some(rule) = exec.deny.iter().find(matches) {
        let effect = rule.effect.or(exec.effect).unwrap_or(Effect::Deny);
        return capped(policy, exec.mode, effect);
    }
    let listed = exec.allow.as_ref().is_none_or(|allow| {
        allow
            .iter()
            .any(|rule| rule.matcher.matches(path.as_bytes()))
    });
    let effect = if listed {
        Effect::Allow
    } else {
        exec.effect.unwrap_or(Effect::Deny)
    };
    capped(policy, exec.mode, effect)
}

fn capped(policy: &Policy, own: Option<Mode>, effect: Effect) -> Effect {
    match policy.mode.min(own.unwrap_or_default()) {
        Mode::Audit => effect.min(Effect::Audit),
        Mode::Enforce => effect,
    }
}

proptest! {
    #[test]
    fn a_program_is_never_better_off_than_under_either(ours in exec(), floor in exec()) {
        let both = on(&ours, &floor);
        for path in ["/app/a", "/app/x/y", "/usr/bin/b", "/usr/bin/c"] {
            prop_assert!(verdict(&both, path) >= enforced(&ours, &floor, path), "{path}: {ours}{floor}");
        }
        let new = |policy: &Policy| {
            let exec = policy.exec.as_ref().unwrap();
            capped(policy, exec.mode, exec.new_executables.unwrap_or(Effect::Deny))
        };
        prop_assert!(new(&both) >= new(&policy(&ours)).max(new(&policy(&floor))), "{ours}{floor}");
    }

    #[test]
    fn a_path_is_writable_only_under_both(
        ours in prop::option::of(prop::collection::vec("/(a|b|a/b|a/b/c)", 0..3)),
        floor in prop::option::of(prop::collection::vec("/(a|b|a/b|a/b/c)", 0..3)),
    ) {
        let section = |list: &Option<Vec<String>>| list.as_ref().map_or(String::new(), |list| {
            let mut list = list.clone();
            list.sort();
            list.dedup();
            format!("files: {{writable: [{}]}}\n", list.join(", "))
        });
        let both = on(&section(&ours), &section(&floor));
        let writable = |policy: &Policy, path: &str| {
            policy.files.writable.as_ref().is_none_or(|list| list.iter().any(|root| std::path::Path::new(path).starts_with(root.as_path())))
        };
        for path in ["/a", "/a/x", "/a/b/x", "/a/b/c/x", "/b/x", "/c"] {
            let expected = writable(&policy(&section(&ours)), path) && writable(&policy(&section(&floor)), path);
            prop_assert_eq!(writable(&both, path), expected, "{} {:?} {:?}", path, ours, floor);
        }
    }
}

/// The higher verdict of those that enforce; what only reports gives way to what enforces.
fn enforced(ours: &str, floor: &str, path: &str) -> Effect {
    let of =
        |text: &str| Some(verdict(&policy(text), path)).filter(|effect| *effect > Effect::Audit);
    of(ours).max(of(floor)).unwrap_or(Effect::Allow)
}

#[test]
fn a_floor_without_sections_changes_nothing_but_what_it_forbids_by_default() {
    let ours = policy(
        "exec: {allow: [/app/**]}\nnetwork: {connect: [\"10.0.0.0/8\"]}\nfiles: {writable: [/tmp]}",
    );
    let both = ours.clone().on(&policy(""));
    assert_eq!(
        (
            both.exec.as_ref().unwrap().allow.clone(),
            both.name.as_str()
        ),
        (ours.exec.unwrap().allow, "p")
    );
    assert_eq!(both.network.unwrap().connect, ours.network.unwrap().connect);
    let capabilities = on("identity: {capabilities: [NET_BIND_SERVICE]}", "")
        .identity
        .capabilities;
    assert!(
        capabilities.is_empty(),
        "a floor that lists none permits none"
    );
    let listed = on(
        "identity: {capabilities: [NET_BIND_SERVICE]}",
        "identity: {capabilities: [NET_BIND_SERVICE, CHOWN]}",
    );
    assert_eq!(listed.identity.capabilities.len(), 1);
}

#[test]
fn a_section_that_the_policy_leaves_out_is_the_floors() {
    let both = on(
        "",
        "exec: {allow: [/app/**]}\nnetwork: {udp: deny, task_endpoint: deny}\nrequire: [exec]",
    );
    assert!(both.exec.unwrap().allow.is_some() && both.network.is_some());
    assert_eq!(both.require.len(), 1);
}

#[test]
fn enforcement_wins_over_audit_whichever_it_is_and_the_enforcing_list_holds() {
    let both = on(
        "mode: audit\nexec: {allow: [/x]}",
        "exec: {allow: [/app/**]}",
    );
    assert_eq!(
        (both.mode, both.exec.as_ref().unwrap().mode),
        (Mode::Enforce, Some(Mode::Enforce))
    );
    let allow = both.exec.unwrap().allow.unwrap();
    assert_eq!(allow[0].matcher, "/app/**".parse::<PathPattern>().unwrap());
}

#[test]
fn destinations_and_ports_meet_and_denials_unite() {
    let both = on(
        "network: {connect: [{to: 10.1.0.0/16, ports: [443, 8000-9000]}], deny: [10.1.2.3], listen: [8080, 9090]}",
        "network: {connect: [{to: 10.0.0.0/8, ports: [400-8100]}, \"*.bank.example\"], deny: [10.9.9.9], listen: [8000-8999], udp: strict}",
    );
    let network = both.network.unwrap();
    let connect = network.connect.unwrap();
    assert_eq!(
        (connect.len(), connect[0].matcher.to.to_string()),
        (1, "10.1.0.0/16".to_owned())
    );
    let ports: Vec<_> = connect[0]
        .matcher
        .ports
        .iter()
        .map(|range| (range.first, range.last))
        .collect();
    assert_eq!(ports, [(443, 443), (8000, 8100)]);
    assert_eq!((network.deny.len(), network.listen.unwrap().len()), (2, 1));
}

#[test]
fn an_image_needs_both_lists_where_both_enforce() {
    let (a, b) = ("a".repeat(64), "b".repeat(64));
    let list = |digests: &str| format!("image: {{allow: [{{name: x, digests: [{digests}]}}]}}");
    let both = on(
        &list(&format!("\"sha256:{a}\", \"sha256:{b}\"")),
        &list(&format!("\"sha256:{b}\"")),
    );
    assert_eq!(
        both.image.allow[0].digests[0].as_str(),
        format!("sha256:{b}")
    );
    assert_eq!(both.image.allow[0].digests.len(), 1);
    let audited = on(&list(&format!("\"sha256:{a}\"")), "image: {effect: audit}");
    assert_eq!(
        audited.image.allow[0].digests.len(),
        1,
        "a floor that only audits images restricts none"
    );
}

#[test]
fn what_an_application_may_hold_is_the_less_of_both() {
    let both = on(
        "identity: {rlimits: {nofile: 65536}, umask: \"0007\"}",
        "identity: {rlimits: {nofile: 1024, core: 0}, umask: \"0070\"}",
    );
    let identity = both.identity;
    assert_eq!(identity.umask.unwrap().bits(), 0o077);
    assert_eq!(identity.rlimits.nofile.unwrap().to_string(), "1024");
    assert_eq!(identity.rlimits.core.unwrap().to_string(), "0");
}

#[test]
fn a_denial_that_only_audits_lets_nothing_past_the_other_and_the_strongest_comes_first() {
    let ours =
        "exec: {deny: [{match: /usr/bin/curl, effect: audit}, {match: /x/**, effect: audit}]}";
    let floor = "exec: {allow: [/app/**], deny: [{match: /usr/bin/curl, effect: kill}]}";
    let deny = on(ours, floor).exec.unwrap().deny;
    assert_eq!(deny[0].effect, Some(Effect::Kill));
    assert!(
        deny.iter().all(|rule| rule.effect != Some(Effect::Audit)),
        "{deny:?}"
    );
    let same = "exec: {deny: [{match: /x/**, effect: audit}]}";
    assert_eq!(
        on(same, same).exec.unwrap().deny[0].effect,
        Some(Effect::Audit)
    );
}

#[test]
fn neither_reports_nor_health_checks_are_the_policys_alone() {
    let both = on(
        "report: {start: brief, limit: {per_rule: 1/h}}\nforeign: {health_check: [[a], [b]]}",
        "report: {limit: {per_rule: 10/min}}\nforeign: {health_check: [[b], [c]]}",
    );
    assert_eq!(both.report.limit.per_rule.to_string(), "10/min");
    assert_eq!(both.report.start, crate::policy::StartDetail::Full);
    assert_eq!(both.foreign.unwrap().health_check, [["b"]]);
}
