//! What a start costs, measured in pairs: bare, wrapped, bare, wrapped …, so that a machine that
//! slows down slows both. Every figure is a ratio or a difference within one pair.
//!
//!     benches/start.sh [ROUNDS]
#![allow(
    clippy::print_stdout,
    missing_docs,
    clippy::unwrap_used,
    reason = "a program of ours alone, whose table is the result"
)]

mod machine;
mod memory;
mod pair;
mod scenario;
mod signed;
#[path = "../../tests/support/signer.rs"]
mod signer;
mod table;

use scenario::Bench;
use std::error::Error;
use std::path::PathBuf;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).filter(|word| word != "--bench");
    let wrapper = PathBuf::from(arguments.next().ok_or("usage: pairs WRAPPER [ROUNDS]")?);
    let rounds = arguments.next().map_or(Ok(100), |word| word.parse())?;
    let bench = Bench::new(wrapper.canonicalize()?)?;

    println!("{}", machine::describe()?);
    println!("{rounds} pairs each; the times are medians, with the least and the most\n");
    let mut rows = Vec::new();
    for scenario in bench.scenarios()? {
        rows.push(table::row(
            &scenario.name,
            &pair::measure(&scenario, rounds)?,
        ));
    }
    println!("{}", table::render(&rows));
    println!(
        "private dirty memory while supervising sleep: {} KiB",
        memory::private_dirty(&bench)?
    );
    println!(
        "binary: {} KiB",
        std::fs::metadata(bench.wrapper())?.len() / 1024
    );
    Ok(())
}
