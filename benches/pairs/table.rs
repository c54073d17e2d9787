//! Rows of figures, aligned.

use crate::pair::Pair;

const HEAD: [&str; 5] = ["", "added ms", "ratio", "wall ms", "cpu ms"];

/// Least, median and most.
struct Spread(f64, f64, f64);

/// The figures of one scenario.
pub fn row(name: &str, pairs: &[Pair]) -> [String; 5] {
    let spread = |of: fn(&Pair) -> f64| Spread::of(pairs.iter().map(of).collect());
    [
        name.to_owned(),
        spread(|(base, command)| command.wall - base.wall).show(2),
        spread(|(base, command)| command.wall / base.wall).show(2),
        spread(|(_, command)| command.wall).show(2),
        spread(|(_, command)| command.cpu).show(2),
    ]
}

/// The table, each column as wide as its widest cell.
pub fn render(rows: &[[String; 5]]) -> String {
    let head = HEAD.map(str::to_owned);
    let all: Vec<_> = std::iter::once(&head).chain(rows).collect();
    let widths: [usize; 5] = std::array::from_fn(|column| {
        let cells = all.iter().map(|row| row[column].len());
        cells.max().unwrap_or(0)
    });
    let lines = all.iter().map(|row| {
        let cells = row.iter().zip(widths);
        let cells: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:width$}"))
            .collect();
        cells.join("  ").trim_end().to_owned() + "\n"
    });
    lines.collect()
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        match values[..] {
            [] => Self(f64::NAN, f64::NAN, f64::NAN),
            [least, .., most] => Self(least, values[values.len() / 2], most),
            [only] => Self(only, only, only),
        }
    }

    fn show(&self, digits: usize) -> String {
        let Self(least, median, most) = self;
        format!("{median:.digits$} ({least:.digits$} to {most:.digits$})")
    }
}
