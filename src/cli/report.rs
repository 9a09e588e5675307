//! What a command has to say, for people or as JSON.

use std::io::{self, Write};

use clap::Args;
use serde_json::{Map, Value};

/// How it is said.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

/// What it is.
#[derive(Debug)]
pub(super) enum Report {
    /// Things of one kind: the names of their fields, and a row for each.
    List(&'static [&'static str], Vec<Vec<Value>>),
    /// One thing: its fields.
    One(Vec<(&'static str, Value)>),
    /// Nothing but that it was done.
    Done,
}

impl Output {
    /// Prints a report on the standard output.
    pub(super) fn print(&self, report: &Report) -> anyhow::Result<()> {
        let mut out = io::stdout().lock();
        if self.json {
            if let Some(json) = report.to_json() {
                writeln!(out, "{json:#}")?;
            }
        } else {
            report.write(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

impl Report {
    fn to_json(&self) -> Option<Value> {
        let object = |fields: Map<String, Value>| Value::Object(fields);
        match self {
            Self::List(head, rows) => Some(
                rows.iter()
                    .map(|row| {
                        let names = head.iter().map(|name| (*name).to_owned());
                        object(names.zip(row.iter().cloned()).collect())
                    })
                    .collect(),
            ),
            Self::One(fields) => Some(object(
                fields
                    .iter()
                    .map(|(name, value)| ((*name).to_owned(), value.clone()))
                    .collect(),
            )),
            Self::Done => None,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::List(head, rows) => {
                let head = head.iter().map(|name| name.to_uppercase()).collect();
                let rows = rows.iter().map(|row| row.iter().map(text).collect());
                write_columns(out, &std::iter::once(head).chain(rows).collect::<Vec<_>>())
            }
            Self::One(fields) => {
                let rows = fields
                    .iter()
                    .map(|(name, value)| vec![(*name).to_owned(), text(value)]);
                write_columns(out, &rows.collect::<Vec<_>>())
            }
            Self::Done => Ok(()),
        }
    }
}

fn write_columns(out: &mut impl Write, rows: &[Vec<String>]) -> io::Result<()> {
    let columns = rows.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or_default()
        })
        .collect();
    for row in rows {
        let cells = row.iter().zip(&widths);
        let line: String = cells
            .map(|(cell, width)| format!("{cell:width$}  "))
            .collect();
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}

/// A field on one line, without what a terminal would obey.
fn text(value: &Value) -> String {
    let text = match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    };
    text.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_are_aligned_and_control_characters_are_gone() {
        let rows = vec![
            vec![json!(1), json!("Åsa"), json!(["a", "b"])],
            vec![json!(200), json!("\u{1b}[2J"), Value::Null],
        ];
        let mut out = Vec::new();
        let report = Report::List(&["id", "name", "teams"], rows);
        report.write(&mut out).unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "ID   NAME  TEAMS\n1    Åsa   a,b\n200   [2J  -\n"
        );
    }
}
