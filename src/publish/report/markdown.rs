//! The report as Markdown.

use std::fmt::Write;

use super::Report;

impl Report {
    /// As Markdown: a table of the answers, then each line with its evidence.
    pub fn to_markdown(&self) -> String {
        let mut out = String::new();
        let [since, until] = &self.between;
        // Writing to a String can't fail.
        let mut line = |text: String| writeln!(out, "{text}").unwrap_or_default();
        line(format!(
            "# {} report of {}\n",
            capital(&self.period),
            plain(&self.identity)
        ));
        line(format!(
            "{since} to {until}, {}. {}.\n",
            plain(&self.zone),
            capital(&self.summary())
        ));
        line("| | Check | Answer |".to_owned());
        line("|---|---|---|".to_owned());
        for one in &self.lines {
            let answer = one.answer.replace('_', " ");
            line(format!(
                "| **{answer}** | {} | {} |",
                plain(&one.check),
                plain(&one.words)
            ));
        }
        for one in self.lines.iter().filter(|one| !one.evidence.is_empty()) {
            line(format!("\n## {}\n", capital(&plain(&one.check))));
            for evidence in &one.evidence {
                line(format!("- {}", plain(evidence)));
            }
        }
        out
    }
}

fn capital(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + rest.as_str()
}

/// What comes from outside makes neither a table's cell, a link, a picture nor HTML.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '!' | '#' | '&' => {
                out.extend(['\\', c])
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
