//! How far the control holds, in the words of the start event.

use super::tap::Deaf;
use crate::control::State;
use crate::policy::Udp;
use crate::sandbox::{NetworkPlan, Wildcards};

/// `deaf`: why names with a leading `*.` lead nowhere, if they do.
pub(super) const fn of(plan: NetworkPlan, deaf: Option<Deaf>) -> (State, &'static str) {
    match (plan, deaf) {
        (NetworkPlan { makes: false, .. }, _) => (State::Detected, "the policy audits"),
        (_, Some(deaf)) => (State::Detected, unheard(deaf)),
        (plan, None) => heard(plan),
    }
}

/// What only they allow is refused, and what they deny is not.
const fn unheard(deaf: Deaf) -> &'static str {
    match deaf {
        Deaf::Capability => {
            "the supervisor connects; names with a leading *. lead nowhere (what only they allow is refused, what they deny is not), as answers of name servers are not to be heard without CAP_NET_RAW at the start"
        }
        Deaf::Servers => {
            "the supervisor connects; names with a leading *. lead nowhere (what only they allow is refused, what they deny is not), as no name server of /etc/resolv.conf is outside this container, and inside it the application may answer too"
        }
        Deaf::Socket => {
            "the supervisor connects; names with a leading *. lead nowhere (what only they allow is refused, what they deny is not), as no packet socket is to be had here"
        }
    }
}

const fn heard(plan: NetworkPlan) -> (State, &'static str) {
    match plan {
        NetworkPlan {
            wildcards: Wildcards::Denied,
            ..
        } => (
            State::Detected,
            "the supervisor connects; what a name with a leading *. denies is known from the answers that were heard here alone: an address that was learnt before, by TCP or from elsewhere is reached",
        ),
        NetworkPlan { walled: false, .. } => (
            State::Detected,
            "the supervisor connects; this kernel's Landlock knows no connections, so that a second thread which swaps a descriptor while a local socket connects can beat it, and is then killed",
        ),
        NetworkPlan {
            udp: Udp::Strict | Udp::Deny,
            ..
        } => (
            State::Detected,
            "the supervisor connects and sends; a second thread that swaps a descriptor while a local socket sends can send one datagram",
        ),
        NetworkPlan {
            duplicates: true, ..
        } => (
            State::Enforced,
            "the supervisor connects, on a duplicate of the socket; messages without a connection are not looked at",
        ),
        NetworkPlan {
            duplicates: false, ..
        } => (
            State::Enforced,
            "the supervisor makes every socket and connects it; messages without a connection are not looked at, and a stream that was disconnected cannot be connected again without CAP_SYS_PTRACE",
        ),
    }
}
