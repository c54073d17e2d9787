//! Aligned columns for terminals, and the same as Markdown.

use std::fmt;

/// Rows of equal length under a head.
#[derive(Debug)]
pub(super) struct Table<const N: usize> {
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    pub fn new(head: [&str; N]) -> Self {
        Self {
            rows: vec![head.map(str::to_owned)],
        }
    }

    pub fn row(&mut self, cells: [&str; N]) {
        self.rows.push(cells.map(str::to_owned));
    }

    pub fn markdown(&self) -> String {
        let mut lines: Vec<_> = self.rows.iter().map(|row| pipes(row)).collect();
        lines.insert(1, pipes(&[const { "---" }; N]));
        lines.join("\n")
    }

    fn width(&self, column: usize) -> usize {
        let cells = self.rows.iter().map(|row| row[column].chars().count());
        cells.max().unwrap_or_default()
    }
}

fn pipes(cells: &[impl AsRef<str>]) -> String {
    let cells = cells.iter().map(|cell| cell.as_ref().replace('|', "\\|"));
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.rows {
            let cells = row.iter().enumerate();
            let padded = cells.map(|(column, cell)| format!("{cell:0$}", self.width(column)));
            let line = padded.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<2> {
        let mut table = Table::new(["code", "means"]);
        table.row(["203", "image refused"]);
        table.row(["é|", ""]);
        table
    }

    #[test]
    fn columns_line_up_and_lines_end_with_text() {
        assert_eq!(
            table().to_string(),
            "code  means\n203   image refused\né|\n"
        );
    }

    #[test]
    fn markdown_escapes_what_would_end_a_cell() {
        let expected = "| code | means |\n| --- | --- |\n| 203 | image refused |\n| é\\| |  |";
        assert_eq!(table().markdown(), expected);
    }
}
