//! What the envelope costs a running application, a system call at a time: bare, enforced, below strace and bare
//! again, in turn, so that a machine that slows down slows all. Every figure is a ratio within one round.
//!
//!     benches/envelope.sh [ROUNDS [CALL]]
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a program of ours alone, whose table is the result"
)]

#[path = "../pairs/machine.rs"]
mod machine;
mod policy;
mod variant;

use nix::sys::socket::{Backlog, listen};
use std::error::Error;
use std::net::TcpListener;
use std::path::PathBuf;
use std::thread;
use variant::{Place, Variant};

/// Every load, with how often a run repeats it.
const LOADS: [(&str, u32); 11] = [
    ("getppid", 200_000),
    ("read", 20_000),
    ("write", 2000),
    ("exec", 300),
    ("exec-dynamic", 200),
    ("exec-shell", 300),
    ("fork", 500),
    ("dup", 5000),
    ("connect", 1000),
    ("connect-accept", 2000),
    ("sendto", 2000),
];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let usage = "usage: envelope WRAPPER LOAD [ROUNDS [CALL]]";
    let wrapper = PathBuf::from(arguments.next().ok_or(usage)?).canonicalize()?;
    let load = PathBuf::from(arguments.next().ok_or(usage)?).canonicalize()?;
    let rounds = arguments.next().map_or(Ok(9), |word| word.parse())?;
    let chosen = arguments.next();
    let place = Place::prepare(&wrapper, &load)?;
    let port = accept_and_close()?;

    println!("{}", machine::describe()?);
    println!(
        "{rounds} rounds; microseconds bare, then the ratio to bare: median (least to most)\n"
    );
    for cpus in ["0", "0,1"] {
        println!("CPU {cpus}");
        let is_chosen = |name: &str| chosen.as_ref().is_none_or(|chosen| chosen == name);
        for (name, count) in LOADS.into_iter().filter(|(name, _)| is_chosen(name)) {
            for line in compare(&place, name, count, port, cpus, rounds)? {
                println!("{line}");
            }
        }
    }
    Ok(())
}

/// One line a variant.
fn compare(
    place: &Place,
    name: &str,
    count: u32,
    port: u16,
    cpus: &str,
    rounds: usize,
) -> Result<Vec<String>, Box<dyn Error>> {
    let variants = Variant::all(name);
    let mut taken = vec![Vec::new(); variants.len()];
    for _ in 0..rounds {
        for (variant, times) in variants.iter().zip(&mut taken) {
            times.push(place.run(*variant, name, count, port, cpus)?);
        }
    }
    let bare = taken[0].clone();
    Ok(variants
        .iter()
        .zip(taken)
        .map(|(variant, times)| line(name, *variant, &bare, &times))
        .collect())
}

fn line(name: &str, variant: Variant, bare: &[f64], times: &[f64]) -> String {
    if variant == Variant::Bare {
        return format!(
            "  {name:14} {:26} {:9.2} µs",
            variant.name(),
            median(times) / 1e3
        );
    }
    let mut ratios: Vec<f64> = times
        .iter()
        .zip(bare)
        .map(|(time, bare)| time / bare)
        .collect();
    ratios.sort_by(f64::total_cmp);
    let added: Vec<f64> = times
        .iter()
        .zip(bare)
        .map(|(time, bare)| time - bare)
        .collect();
    format!(
        "  {:14} {:26} {:+9.2} µs  x{:.2} ({:.2} to {:.2})",
        "",
        variant.name(),
        median(&added) / 1e3,
        ratios[ratios.len() / 2],
        ratios[0],
        ratios[ratios.len() - 1],
    )
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A server that has nothing to say, on loopback.
fn accept_and_close() -> std::io::Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    // A full queue makes the kernel wait a second.
    listen(&listener, Backlog::MAXALLOWABLE)?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || listener.incoming().for_each(drop));
    Ok(port)
}
