//! Connections, judged on addresses alone.

use super::*;
use std::net::Ipv4Addr;

fn section(text: &str) -> policy::Network {
    let policy = format!(
        "kind: policy\nversion: 1\nname: tests\nserial: 1\nplatform: local\nimage: {{mode: audit}}\nnetwork: {text}\n"
    );
    policy::Policy::parse(policy.as_bytes(), "tests")
        .unwrap()
        .network
        .unwrap()
}

fn judge(text: &str) -> Judge {
    let resolvers = [Ipv4Addr::new(10, 0, 0, 2).into()];
    Judge::new(&section(text), Mode::Enforce, 0, &resolvers)
}

/// Every name leads to 10.7.7.7.
struct Known;

impl Names for Known {
    fn lead_to(&self, target: &NetworkTarget, address: IpAddr) -> bool {
        target.names("db.example.com") && address == IpAddr::from([10, 7, 7, 7])
    }
}

fn rule(judge: &Judge, to: &str) -> Option<(&'static str, Effect)> {
    let verdict = judge.connect(to.parse().unwrap(), &Known)?;
    Some((verdict.rule.name, verdict.effect))
}

const DENIED: Option<(&str, Effect)> = Some(("network.connect", Effect::Deny));
const ENDPOINT: Option<(&str, Effect)> = Some(("network.endpoint", Effect::Deny));

#[test]
fn only_what_is_listed_is_reached_and_always_loopback_and_the_resolvers() {
    let judge =
        judge("{connect: [{to: 10.1.0.0/16, ports: [5432, 8000-8010]}, {to: \"fd01::/64\"}]}");
    for to in [
        "10.1.2.3:5432",
        "10.1.2.3:8005",
        "[fd01::5]:1",
        "127.9.9.9:1",
        "[::1]:1",
        "0.0.0.0:1",
        "[::]:1",
        "10.0.0.2:53",
    ] {
        assert_eq!(rule(&judge, to), None, "{to}");
    }
    for to in [
        "10.1.2.3:5433",
        "10.2.0.1:5432",
        "[fd02::5]:1",
        "10.0.0.2:54",
        "8.8.8.8:53",
    ] {
        assert_eq!(rule(&judge, to), DENIED, "{to}");
    }
}

#[test]
fn a_mapped_address_is_what_it_maps() {
    let judge = judge("{connect: [{to: 10.1.0.0/16}]}");
    assert_eq!(rule(&judge, "[::ffff:10.1.2.3]:1"), None);
    assert_eq!(rule(&judge, "[::ffff:10.2.2.3]:1"), DENIED);
    assert_eq!(rule(&judge, "[::ffff:127.0.0.1]:1"), None);
    assert_eq!(rule(&judge, "[::ffff:0.0.0.0]:1"), None);
    assert_eq!(rule(&judge, "[::ffff:169.254.169.254]:80"), ENDPOINT);
}

#[test]
fn without_a_list_everything_is_reached_but_the_credentials_of_the_instance() {
    let judge = judge("{}");
    assert_eq!(rule(&judge, "8.8.8.8:443"), None);
    assert_eq!(rule(&judge, "169.254.170.2:80"), None);
    for to in [
        "169.254.169.254:80",
        "[fd00:ec2::254]:80",
        "[64:ff9b::a9fe:a9fe]:80",
        "[2002:a9fe:a9fe::1]:80",
        "[::a9fe:a9fe]:80",
    ] {
        assert_eq!(rule(&judge, to), ENDPOINT, "{to}");
    }
}

#[test]
fn the_instance_s_credentials_are_reached_only_by_their_own_address() {
    assert_eq!(
        rule(&judge("{connect: [{to: 0.0.0.0/0}]}"), "169.254.169.254:80"),
        ENDPOINT
    );
    assert_eq!(
        rule(
            &judge("{connect: [{to: 169.254.169.254}]}"),
            "169.254.169.254:80"
        ),
        None
    );
}

#[test]
fn the_task_s_credentials_are_a_key_of_their_own() {
    assert_eq!(
        rule(&judge("{task_endpoint: deny}"), "169.254.170.2:80"),
        ENDPOINT
    );
    assert_eq!(rule(&judge("{connect: []}"), "169.254.170.2:80"), None);
    let audit = judge("{task_endpoint: audit}");
    assert_eq!(
        rule(&audit, "169.254.170.2:80"),
        Some(("network.endpoint", Effect::Audit))
    );
}

#[test]
fn denial_goes_first_with_the_item_s_own_effect() {
    let judge = judge("{connect: [{to: 10.0.0.0/8}], deny: [{to: 10.9.0.0/16, effect: kill}]}");
    assert_eq!(
        rule(&judge, "10.9.1.1:1"),
        Some(("network.connect", Effect::Kill))
    );
    assert_eq!(rule(&judge, "10.8.1.1:1"), None);
}

#[test]
fn a_name_is_where_it_leads() {
    let judge = judge("{connect: [{to: \"*.example.com\", ports: [443]}]}");
    assert_eq!(rule(&judge, "10.7.7.7:443"), None);
    assert_eq!(rule(&judge, "10.7.7.8:443"), DENIED);
}

#[test]
fn ports_that_are_not_listed_are_not_listened_on_but_any_port_is() {
    let judge = judge("{listen: [8080]}");
    let on = |on: &str| {
        judge
            .listen(on.parse().unwrap())
            .map(|verdict| verdict.rule.name)
    };
    assert_eq!(on("0.0.0.0:8080"), None);
    assert_eq!(on("0.0.0.0:0"), None);
    assert_eq!(on("127.0.0.1:9999"), None);
    assert_eq!(on("[::]:9999"), Some("network.listen"));
    assert!(
        super::tests::judge("{}")
            .listen("[::]:1".parse().unwrap())
            .is_none()
    );
}

#[test]
fn an_auditing_section_only_audits() {
    assert!(judge("{mode: audit, connect: []}").only_audits());
    assert!(!judge("{connect: []}").only_audits());
    assert!(!judge("{effect: audit, deny: [{to: 10.0.0.1, effect: deny}]}").only_audits());
}
