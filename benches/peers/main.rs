//! The wrapper beside those that do a part of its work, in one run: each in turn, round after round, so that a machine
//! that slows down slows all. Every ratio is to the bare program of the same round.
//!
//!     benches/peers.sh [ROUNDS]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a program of ours alone, whose table is the result"
)]

#[path = "../pairs/machine.rs"]
mod machine;
mod measure;
mod peer;
mod place;
#[path = "../envelope/policy.rs"]
mod policy;
mod server;
mod table;
mod tree;

use measure::{Figures, METRICS};
use peer::Peer;
use place::Place;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let usage = "usage: peers WRAPPER LOAD [ROUNDS]";
    let wrapper = PathBuf::from(arguments.next().ok_or(usage)?).canonicalize()?;
    let load = PathBuf::from(arguments.next().ok_or(usage)?).canonicalize()?;
    let rounds: usize = arguments.next().map_or(Ok(5), |word| word.parse())?;
    let place = Place::prepare(&wrapper, &load)?;
    let (peers, missing) = Peer::all(&place);

    let mut taken: Vec<Vec<Figures>> = vec![Vec::new(); peers.len()];
    for round in 1..=rounds {
        for (peer, figures) in peers.iter().zip(&mut taken) {
            eprintln!("round {round} of {rounds}: {}", peer.name);
            figures.push(measure::all(&place, peer)?);
        }
    }
    println!("{}; {rounds} rounds.\n", machine::describe()?);
    print!("{}", table::render(&peers, &taken));
    if !missing.is_empty() {
        println!("\nNot installed here: {}.", missing.join(", "));
    }
    println!();
    for metric in METRICS {
        println!("{}", table::behind(metric, &peers, &taken));
    }
    Ok(())
}
