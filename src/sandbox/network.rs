//! What holds the `network` section up here, decided once: the filter, Landlock, the supervisor and the control's words
//! all follow it.

use super::{Error, Request};
use crate::judge::network::Judge;
use crate::policy::value::{NetworkTarget, Rule};
use crate::policy::{self, Endpoint, Udp};
use crate::sys;
use landlock::{
    AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, Ruleset, RulesetAttr,
    RulesetCreatedAttr,
};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

/// The ABI from which Landlock knows connections.
const CONNECTS: u32 = 4;

/// How the section is held up.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent answers to independent questions"
)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Network {
    /// Calls are held: the section is stated, and somebody listens.
    pub asks: bool,
    /// The supervisor makes them itself; otherwise they are only looked at.
    pub makes: bool,
    /// It gets at the application's sockets by `pidfd_getfd`; otherwise it makes every socket of the internet.
    pub duplicates: bool,
    /// Landlock keeps the application from connecting by itself.
    pub walled: bool,
    /// The policy lists ports to listen on.
    pub lists_ports: bool,
    /// How datagrams are taken.
    pub udp: Udp,
    /// Whether the policy names hosts by what their names end in, which no resolver can be asked for.
    pub wildcards: Wildcards,
}

/// Names with a leading `*.`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wildcards {
    /// There are none.
    #[default]
    None,
    /// They allow.
    Allowed,
    /// Some deny.
    Denied,
}

impl Network {
    pub(super) fn new(request: &Request<'_>) -> Self {
        let listens = request.supervisor.is_some() && request.kernel.user_notification;
        let Some(section) = request.network.filter(|_| listens) else {
            return Self::default();
        };
        let makes = !Judge::new(section, request.mode, request.now, &[]).only_audits();
        Self {
            asks: true,
            makes,
            duplicates: sys::net::duplicates(),
            walled: makes && request.kernel.landlock_abi >= Some(CONNECTS),
            lists_ports: section.listen.is_some(),
            udp: section.udp,
            wildcards: wildcards(section),
        }
    }

    /// Whether the supervisor keeps a duplicate of every socket.
    pub const fn registers(self) -> bool {
        self.makes && !self.duplicates
    }

    /// Whether what is bound to a port goes through us.
    pub const fn asks_for_ports(self) -> bool {
        self.asks && (self.lists_ports || self.registers())
    }

    /// Whether every message goes through us.
    pub const fn asks_for_messages(self) -> bool {
        self.asks && matches!(self.udp, Udp::Strict | Udp::Deny)
    }
}

fn wildcards(section: &policy::Network) -> Wildcards {
    let has = |items: &[Rule<Endpoint>]| {
        let mut items = items.iter();
        items.any(|item| matches!(item.matcher.to, NetworkTarget::Below(_)))
    };
    if has(&section.deny) {
        Wildcards::Denied
    } else if section.connect.as_deref().is_some_and(has) {
        Wildcards::Allowed
    } else {
        Wildcards::None
    }
}

/// A second layer of Landlock, which leaves connecting, and what else the supervisor does, to it. Without a listener it is not put on.
pub(super) fn wall(plan: Network) -> Result<Option<OwnedFd>, Error> {
    if !plan.walled {
        return Ok(None);
    }
    let mut handled = BitFlags::from(AccessNet::ConnectTcp);
    if plan.asks_for_ports() {
        handled |= AccessNet::BindTcp;
    }
    // Every layer keeps files in their directories unless it says that it does not (landlock(7), `LANDLOCK_ACCESS_FS_REFER`).
    let root = nix::fcntl::open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
    let root = root.map_err(|errno| Error::Writable {
        path: PathBuf::from("/"),
        source: errno.into(),
    })?;
    let ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::Refer)?
        .handle_access(handled)?
        .create()?
        .add_rule(PathBeneath::new(root, AccessFs::Refer))?;
    Ok(ruleset.into())
}
