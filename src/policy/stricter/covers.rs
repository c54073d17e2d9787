//! Whether one pattern matches everything that another one matches. Where that cannot be told simply, it is not said:
//! what is left out of an intersection makes it stricter.

use crate::policy::Endpoint;
use crate::policy::value::{
    ArgvPattern, NamePattern, NetworkTarget, PathPattern, PortRange, wildcard,
};

/// A pattern that can be compared.
pub(super) trait Covers {
    /// Whether whatever fits `other` fits this as well.
    fn covers(&self, other: &Self) -> bool;
}

/// A `*` of the other is a character that only a `*` of ours takes, and then whatever it stands for.
fn glob(ours: &str, other: &str) -> bool {
    wildcard(ours.as_bytes(), other.as_bytes())
}

impl Covers for NamePattern {
    fn covers(&self, other: &Self) -> bool {
        glob(self.as_str(), other.as_str())
    }
}

impl Covers for PathPattern {
    fn covers(&self, other: &Self) -> bool {
        let (ours, theirs) = (self.as_str(), other.as_str());
        // Their `**` is many components, which only ours after a literal beginning is known to take.
        let deep = || {
            let beginning = ours
                .strip_suffix("/**")
                .filter(|beginning| !beginning.contains('*'));
            beginning.is_some_and(|beginning| theirs.starts_with(&format!("{beginning}/")))
        };
        ours == theirs
            || if theirs.contains("**") {
                deep()
            } else {
                self.matches(theirs.as_bytes())
            }
    }
}

impl Covers for ArgvPattern {
    fn covers(&self, other: &Self) -> bool {
        let split = |pattern: &'_ Self| {
            let all = pattern.arguments();
            match all.split_last() {
                Some((last, before)) if last == "**" => (before.to_vec(), true),
                _ => (all.to_vec(), false),
            }
        };
        let ((ours, open), (theirs, theirs_open)) = (split(self), split(other));
        // An open end takes one argument at least.
        let long_enough = if open {
            theirs.len() > ours.len() || theirs.len() == ours.len() && theirs_open
        } else {
            theirs.len() == ours.len() && !theirs_open
        };
        long_enough
            && ours
                .iter()
                .zip(&theirs)
                .all(|(ours, theirs)| glob(ours, theirs))
    }
}

impl Covers for NetworkTarget {
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Cidr(ours), Self::Cidr(theirs)) => ours.contains(theirs),
            (Self::Name(ours), Self::Name(theirs)) => ours == theirs,
            (Self::Below(ours), Self::Name(theirs)) => theirs.ends_with(&format!(".{ours}")),
            (Self::Below(ours), Self::Below(theirs)) => {
                ours == theirs || theirs.ends_with(&format!(".{ours}"))
            }
            _ => false,
        }
    }
}

/// The ports that are in both lists; an empty list is every port, so `None` says that there is none.
pub(super) fn ports(ours: &[PortRange], theirs: &[PortRange]) -> Option<Vec<PortRange>> {
    if ours.is_empty() || theirs.is_empty() {
        return Some([ours, theirs].concat());
    }
    let both = both_ranges(ours, theirs);
    (!both.is_empty()).then_some(both)
}

/// Each part of a range that lies in one of the others.
pub(super) fn both_ranges(ours: &[PortRange], theirs: &[PortRange]) -> Vec<PortRange> {
    let pairs = ours
        .iter()
        .flat_map(|ours| theirs.iter().map(move |theirs| (ours, theirs)));
    let overlap = |(ours, theirs): (&PortRange, &PortRange)| {
        let (first, last) = (ours.first.max(theirs.first), ours.last.min(theirs.last));
        (first <= last).then_some(PortRange { first, last })
    };
    pairs.filter_map(overlap).collect()
}

/// The destination that is in both, if one lies in the other.
pub(super) fn endpoint(ours: &Endpoint, theirs: &Endpoint) -> Option<Endpoint> {
    let to = if ours.to.covers(&theirs.to) {
        &theirs.to
    } else if theirs.to.covers(&ours.to) {
        &ours.to
    } else {
        return None;
    };
    Some(Endpoint {
        to: to.clone(),
        ports: ports(&ours.ports, &theirs.ports)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn argv(patterns: &[&str]) -> ArgvPattern {
        patterns
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .try_into()
            .unwrap()
    }

    #[test]
    fn a_narrower_pattern_is_covered_and_a_wider_one_is_not() {
        let path = |ours: &str, theirs: &str| {
            ours.parse::<PathPattern>()
                .unwrap()
                .covers(&theirs.parse().unwrap())
        };
        assert!(
            path("/app/**", "/app/bin/*") && path("/app/**", "/app/**") && path("/**", "/app/**")
        );
        assert!(
            path("/app/*", "/app/s*") && !path("/app/*", "/app/**") && !path("/app/*", "/app/a/b")
        );
        assert!(!path("/app/bin/*", "/app/**") && !path("/application/**", "/app/**"));
        assert!(argv(&["/app", "**"]).covers(&argv(&["/app", "-x", "*"])));
        assert!(!argv(&["/app", "-x"]).covers(&argv(&["/app", "**"])));
        assert!(
            argv(&["**"]).covers(&argv(&["/app", "**"]))
                && !argv(&["/app", "**"]).covers(&argv(&["/app"]))
        );
        let target = |text: &str| text.parse::<NetworkTarget>().unwrap();
        assert!(
            target("10.0.0.0/8").covers(&target("10.1.0.0/16"))
                && !target("10.1.0.0/16").covers(&target("10.0.0.0/8"))
        );
        assert!(
            target("*.bank.example").covers(&target("a.bank.example"))
                && !target("*.bank.example").covers(&target("bank.example"))
        );
    }

    proptest! {
        #[test]
        fn what_fits_a_covered_path_fits_what_covers_it(
            ours in "(/(a|b|\\*|a\\*)){1,3}(/\\*\\*)?",
            theirs in "(/(a|b|\\*|a\\*)){1,3}(/\\*\\*)?",
            path in "(/[ab]{1,2}){1,4}",
        ) {
            let (ours, theirs): (PathPattern, PathPattern) = (ours.parse().unwrap(), theirs.parse().unwrap());
            if ours.covers(&theirs) && theirs.matches(path.as_bytes()) {
                prop_assert!(ours.matches(path.as_bytes()), "{ours} {theirs} {path}");
            }
        }

        #[test]
        fn what_fits_a_covered_command_fits_what_covers_it(
            ours in prop::collection::vec("[ab*]{1,2}", 1..4), open in any::<bool>(),
            theirs in prop::collection::vec("[ab*]{1,2}", 1..4), wide in any::<bool>(),
            command in prop::collection::vec("[ab]{0,3}", 1..5),
        ) {
            let pattern = |mut arguments: Vec<String>, open: bool| {
                arguments.iter_mut().filter(|argument| *argument == "**").for_each(|argument| "*".clone_into(argument));
                if open { arguments.push("**".into()); }
                ArgvPattern::try_from(arguments).unwrap()
            };
            let (ours, theirs) = (pattern(ours, open), pattern(theirs, wide));
            if ours.covers(&theirs) && theirs.matches(&command) {
                prop_assert!(ours.matches(&command), "{ours:?} {theirs:?} {command:?}");
            }
        }

        #[test]
        fn a_port_is_in_both_lists_or_in_none(
            ours in prop::collection::vec((0u16..40, 0u16..9), 0..4),
            theirs in prop::collection::vec((0u16..40, 0u16..9), 0..4),
            port in 0u16..50,
        ) {
            let ranges = |list: Vec<(u16, u16)>| list.into_iter().map(|(first, more)| PortRange { first, last: first + more }).collect::<Vec<_>>();
            let (ours, theirs) = (ranges(ours), ranges(theirs));
            let has = |list: &[PortRange]| list.is_empty() || list.iter().any(|range| (range.first..=range.last).contains(&port));
            let both = ports(&ours, &theirs).is_some_and(|both| has(&both));
            prop_assert_eq!(both, has(&ours) && has(&theirs));
        }
    }
}
