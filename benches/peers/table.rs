//! Figures as a table in Markdown, and who is ahead of us.

use crate::measure::{Figures, Kind, METRICS, Metric};
use crate::peer::Peer;
use std::fmt::Write;

/// A row for each, the median with the least and the most.
pub fn render(peers: &[Peer], taken: &[Vec<Figures>]) -> String {
    let mut text = String::from("|");
    for name in std::iter::once("").chain(METRICS.map(|metric| metric.name)) {
        push(&mut text, format_args!(" {name} |"));
    }
    text.push_str("\n|");
    text.push_str(&" --- |".repeat(METRICS.len() + 1));
    text.push('\n');
    for (peer, figures) in peers.iter().zip(taken) {
        push(&mut text, format_args!("| {} |", peer.name));
        for metric in METRICS {
            push(
                &mut text,
                format_args!(
                    " {} |",
                    cell(metric, figures, &taken[0], peer.name == "bare")
                ),
            );
        }
        text.push('\n');
    }
    text
}

/// Writing to a string cannot fail.
fn push(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    if text.write_fmt(arguments).is_err() {
        text.push_str(" ? ");
    }
}

fn cell(metric: Metric, figures: &[Figures], bare: &[Figures], is_bare: bool) -> String {
    if is_bare {
        return absolute(metric, figures);
    }
    let [least, middle, most] = spread(against(metric, figures, bare));
    match metric.kind {
        Kind::Added => format!("{middle:+.1} ({least:.1} to {most:.1})"),
        Kind::Memory => format!("{middle:.0}"),
        Kind::Time | Kind::Rate => format!("×{middle:.2} ({least:.2} to {most:.2})"),
    }
}

/// What the bare program takes, which the others are compared with.
fn absolute(metric: Metric, figures: &[Figures]) -> String {
    let [_, middle, _] = spread(figures.iter().map(|round| round[metric.place]).collect());
    match metric.kind {
        Kind::Added => format!("{middle:.1}"),
        Kind::Memory => "0".to_owned(),
        Kind::Time => format!("{:.2} µs", middle / 1e3),
        Kind::Rate => format!("{middle:.0}/s"),
    }
}

/// In the same round.
fn against(metric: Metric, figures: &[Figures], bare: &[Figures]) -> Vec<f64> {
    let rounds = figures.iter().zip(bare);
    let of = |(ours, bare): (&Figures, &Figures)| {
        let (ours, bare) = (ours[metric.place], bare[metric.place]);
        match metric.kind {
            Kind::Added => ours - bare,
            Kind::Memory => ours,
            Kind::Time | Kind::Rate => ours / bare,
        }
    };
    rounds.map(of).collect()
}

/// Least, median, most.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    match values[..] {
        [] => [f64::NAN; 3],
        [only] => [only; 3],
        [least, .., most] => [least, values[values.len() / 2], most],
    }
}

/// Who does better, by the medians.
pub fn behind(metric: Metric, peers: &[Peer], taken: &[Vec<Figures>]) -> String {
    let median = |figures: &Vec<Figures>| spread(against(metric, figures, &taken[0]))[1];
    let Some(ours) = peers
        .iter()
        .position(|peer| peer.ours)
        .map(|place| median(&taken[place]))
    else {
        return format!("{}: not measured", metric.name);
    };
    let ahead = |theirs: f64| {
        if metric.kind == Kind::Rate {
            theirs > ours
        } else {
            theirs < ours
        }
    };
    let ahead: Vec<_> = peers
        .iter()
        .zip(taken)
        .filter(|(peer, figures)| {
            !peer.ours && !peer.name.starts_with("bare") && ahead(median(figures))
        })
        .map(|(peer, figures)| format!("{} ({:.2})", peer.name, median(figures)))
        .collect();
    if ahead.is_empty() {
        return format!("{}: nobody is ahead of {ours:.2}", metric.name);
    }
    format!("{}: {ours:.2}, behind {}", metric.name, ahead.join(", "))
}
