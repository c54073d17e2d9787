//! The calls that the supervisor decides on: which ones, by registers alone. Nothing that is hot is among them:
//! never read, write, sendmsg, recv, epoll, futex, or open for reading.

mod exec;
mod files;
mod network;
mod processes;

use super::Request;
use super::baseline::{Entry, Table};
use super::bpf::Arch;
use super::files::Plan;
use super::network::Network;

/// The entries of every guard that the policy needs, tried after the baseline.
pub(super) fn entries(
    request: &Request<'_>,
    plan: Plan,
    sockets: Network,
    arch: Arch,
) -> Vec<Entry> {
    let mut table = Table::new(arch);
    exec::add(&mut table, request);
    files::add(&mut table, plan);
    network::add(&mut table, sockets);
    processes::add(&mut table, request);
    table.entries
}
