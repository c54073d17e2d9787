//! An application that uses the network in all the ways that applications do, and says what came of it: `connects NAME`.
//!
//! What it says must be the same whether somebody stands in between or not, so that times are said only roughly.

#![allow(unsafe_code, reason = "what the kernel answers is what is looked at")]
#![allow(
    clippy::unwrap_used,
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "an application that cannot go on has failed"
)]

mod arguments;
mod closing;
mod datagrams;
mod descriptors;
mod listening;
mod local;
mod options;
mod places;
mod sharing;
mod signals;
mod socket;
mod states;
mod waiting;

#[allow(dead_code, reason = "shared with the tests and other programs")]
#[path = "../../support/network/addresses.rs"]
mod addresses;
#[allow(dead_code, reason = "shared with other programs")]
#[path = "../../support/network/raw.rs"]
mod raw;

use std::fmt::Display;
use std::io::{self, Write};

type Program = (&'static str, fn());

/// By name.
const PROGRAMS: [&[Program]; 11] = [
    arguments::PROGRAMS,
    closing::PROGRAMS,
    datagrams::PROGRAMS,
    descriptors::PROGRAMS,
    listening::PROGRAMS,
    local::PROGRAMS,
    options::PROGRAMS,
    sharing::PROGRAMS,
    signals::PROGRAMS,
    states::PROGRAMS,
    waiting::PROGRAMS,
];

fn main() {
    let name = std::env::args().nth(1).unwrap_or_default();
    let mut all = PROGRAMS.into_iter().flatten();
    let (_, program) = all.find(|(known, _)| *known == name).unwrap();
    program();
    say("end", "");
}

/// One line.
fn say(what: impl Display, outcome: impl Display) {
    let mut output = io::stdout().lock();
    writeln!(output, "{what}: {outcome}").unwrap();
    output.flush().unwrap();
}

/// `ok`, or the errno by name.
fn outcome<T>(result: io::Result<T>) -> String {
    match result {
        Ok(_) => "ok".to_owned(),
        Err(error) => {
            let errno = nix::errno::Errno::from_raw(error.raw_os_error().unwrap_or(0));
            format!("{errno:?}")
        }
    }
}

/// What was done, and what came of it.
fn tell<T>(what: impl Display, result: io::Result<T>) {
    say(what, outcome(result));
}
