//! What commands print: text for people or JSON for scripts on stdout, notes and errors for people on stderr.

use std::io::{ErrorKind, IsTerminal, Write};

use clap::builder::styling::{AnsiColor, Style};
use serde::Serialize;

use crate::failure::{Failure, Result};

/// Blanks between two columns of a table.
const GUTTER: &str = "  ";

/// How a command answers.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    /// Whether stdout is for a script: JSON and nothing else.
    pub json: bool,
    colour: bool,
    notes: Notes,
}

/// What becomes of notes.
#[derive(Debug, Clone, Copy)]
enum Notes {
    Shown { colour: bool },
    Logged,
    Hidden,
}

impl Output {
    /// Colours are used where a person looks and has not set `NO_COLOR`.
    pub fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            && std::env::var_os("TERM").is_none_or(|value| value != "dumb");
        Self {
            json,
            colour: wanted && std::io::stdout().is_terminal(),
            notes: Notes::Shown {
                colour: wanted && std::io::stderr().is_terminal(),
            },
        }
    }

    /// The same without notes, for a part whose notes would only distract.
    pub fn without_notes(self) -> Self {
        Self {
            notes: Notes::Hidden,
            ..self
        }
    }

    /// The same with notes in the log where the log is for machines, so that every line of it can be parsed.
    pub fn with_logged_notes(self) -> Self {
        if std::io::stderr().is_terminal() {
            self
        } else {
            Self {
                notes: Notes::Logged,
                ..self
            }
        }
    }

    /// Prints the result as JSON or as text, whichever was asked for.
    pub fn answer(self, json: &impl Serialize, text: impl FnOnce(Self) -> String) -> Result<()> {
        if self.json {
            Self::print_json(json)
        } else {
            Self::print(&text(self))
        }
    }

    /// Prints one line of JSON.
    pub fn print_json(value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string(value)
            .map_err(|error| Failure::new("output", error.to_string()))?;
        Self::print(&text)
    }

    /// Prints a line of text for people; nothing with `--json`.
    pub fn line(self, text: &str) -> Result<()> {
        if self.json { Ok(()) } else { Self::print(text) }
    }

    /// Tells a person something beside the result, on stderr.
    pub fn note(self, text: &str) {
        match self.notes {
            Notes::Shown { .. } => Self::write_to_stderr(text),
            Notes::Logged => tracing::info!("{text}"),
            Notes::Hidden => {}
        }
    }

    fn write_to_stderr(text: &str) {
        // Nowhere is left to report that stderr is closed.
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Reports a failure: JSON on stdout for scripts, a sentence on stderr for people.
    pub fn failure(self, failure: &Failure) {
        if self.json && Self::print_json(&failure.to_json()).is_ok() {
            return;
        }
        let colour = matches!(self.notes, Notes::Shown { colour: true });
        let style = pick(colour, AnsiColor::Red.on_default().bold());
        Self::write_to_stderr(&format!("{style}error:{style:#} {failure}"));
    }

    /// Prints a line. Errors: stdout cannot be written; that its reader is gone is none.
    pub fn print(text: &str) -> Result<()> {
        match writeln!(std::io::stdout(), "{text}") {
            // The reader has seen enough, as `head` has.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::new(
                "output",
                format!("Cannot write to stdout: {error}"),
            )),
            Ok(()) => Ok(()),
        }
    }

    /// Headings and what matters most.
    pub fn bold(self, text: &str) -> String {
        paint(pick(self.colour, Style::new().bold()), text)
    }

    /// What is less important.
    pub fn dim(self, text: &str) -> String {
        paint(pick(self.colour, Style::new().dimmed()), text)
    }

    pub fn green(self, text: &str) -> String {
        paint(pick(self.colour, AnsiColor::Green.on_default()), text)
    }

    /// What needs a look.
    pub fn yellow(self, text: &str) -> String {
        paint(pick(self.colour, AnsiColor::Yellow.on_default()), text)
    }

    pub fn red(self, text: &str) -> String {
        paint(pick(self.colour, AnsiColor::Red.on_default()), text)
    }

    /// Aligned columns under a dimmed heading, without a line end after the last row.
    pub fn table(self, indent: &str, heading: &[&str], rows: &[Vec<String>]) -> String {
        let widths = widths(heading, rows);
        let head: Vec<String> = heading.iter().map(|&text| text.to_owned()).collect();
        let mut lines = vec![format!("{indent}{}", self.dim(&aligned(&head, &widths)))];
        lines.extend(
            rows.iter()
                .map(|row| format!("{indent}{}", aligned(row, &widths))),
        );
        lines.join("\n")
    }
}

fn pick(wanted: bool, style: Style) -> Style {
    if wanted { style } else { Style::new() }
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn widths(heading: &[&str], rows: &[Vec<String>]) -> Vec<usize> {
    let width_of = |column: usize, head: &str| {
        let cells = rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .chain([head.chars().count()])
            .max()
            .unwrap_or(0)
    };
    heading
        .iter()
        .enumerate()
        .map(|(column, head)| width_of(column, head))
        .collect()
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<_> = row
        .iter()
        .zip(widths)
        .map(|(cell, &width)| format!("{cell:<width$}"))
        .collect();
    cells.join(GUTTER).trim_end().to_owned()
}

/// An amount of US cents, as people write it.
pub fn dollars(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let cents = cents.unsigned_abs();
    format!("{sign}${}.{:02}", grouped(cents / 100), cents % 100)
}

/// A number with a comma before every group of three digits.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let plain = Output {
            json: false,
            colour: false,
            notes: Notes::Hidden,
        };
        let rows = [
            vec!["äö".to_owned(), "x".to_owned()],
            vec!["longer".to_owned(), String::new()],
        ];
        assert_eq!(
            plain.table(" ", &["id", "name"], &rows),
            " id      name\n äö      x\n longer"
        );
    }

    #[test]
    fn amounts_have_two_decimals_and_grouped_thousands() {
        for (cents, text) in [
            (0, "$0.00"),
            (5, "$0.05"),
            (52_800, "$528.00"),
            (123_456_789, "$1,234,567.89"),
            (-100, "-$1.00"),
        ] {
            assert_eq!(dollars(cents), text);
        }
    }
}
