//! A YAML page written line by line: every text of the outside world is quoted or made harmless
//! here, and nowhere else.

/// Comments are wrapped to it.
const WIDTH: usize = 80;
/// The most of a foreign text that a comment shows, in characters.
const MOST_SHOWN: usize = 80;

/// The text of a draft, and what it assumes.
#[derive(Default)]
pub(super) struct Page {
    pub text: String,
    pub assumed: Vec<String>,
}

impl Page {
    /// A line that is YAML already.
    pub(super) fn line(&mut self, indent: usize, yaml: &str) {
        self.text.push_str(&" ".repeat(indent));
        self.text.push_str(yaml);
        self.text.push('\n');
    }

    pub(super) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A comment, over as many lines as it needs.
    pub(super) fn comment(&mut self, indent: usize, words: &str) {
        self.wrapped(indent, "# ", words);
    }

    /// YAML to be taken out of its comment, on one line.
    pub(super) fn example(&mut self, indent: usize, yaml: &str) {
        self.line(indent, &format!("# {}", harmless(yaml)));
    }

    /// A line of YAML with a short remark behind it.
    pub(super) fn remarked(&mut self, indent: usize, yaml: &str, remark: &str) {
        self.line(indent, &format!("{yaml}  # {}", harmless(remark)));
    }

    /// A guess that the reader is to confirm.
    pub(super) fn assumed(&mut self, indent: usize, words: &str) {
        self.wrapped(indent, "#   ", &format!("assumed: {words}"));
        self.assumed.push(harmless(words));
    }

    fn wrapped(&mut self, indent: usize, then: &str, words: &str) {
        let (mut start, mut line) = ("# ", String::new());
        for word in harmless(words).split(' ') {
            let fits = indent + start.len() + line.len() + word.len() < WIDTH;
            if !line.is_empty() && !fits {
                self.line(indent, &format!("{start}{line}"));
                line.clear();
                start = then;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        self.line(indent, &format!("{start}{line}"));
    }
}

/// Characters that stand for themselves in every terminal and every YAML reader.
fn plain(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic() || (!c.is_ascii() && c.is_alphanumeric())
}

/// A text in one line that can't leave its comment.
pub(super) fn harmless(text: &str) -> String {
    let escaped = |c: char| {
        if plain(c) {
            c.to_string()
        } else {
            c.escape_default().to_string()
        }
    };
    text.chars().map(escaped).collect()
}

/// A foreign text inside a sentence: harmless, and not endless.
pub(super) fn shown(text: &str) -> String {
    let mut start: String = text.chars().take(MOST_SHOWN).collect();
    if text.chars().nth(MOST_SHOWN).is_some() {
        start.push_str("...");
    }
    harmless(&start)
}

/// A text as a YAML scalar that is read as this text, as a key, a value or in a list.
pub(super) fn scalar(text: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || "_-./@".contains(c);
    // What begins with a letter may still be a word of YAML's own, and a sole `.` is none of these.
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/' || c == '.');
    let own = [
        "true", "false", "null", "yes", "no", "on", "off", "y", "n", ".nan", ".inf",
    ];
    let reserved = own.iter().any(|w| w.eq_ignore_ascii_case(text));
    let number = text.parse::<f64>().is_ok();
    if word && !reserved && !number && text.chars().all(simple) {
        text.to_owned()
    } else if text.chars().all(plain) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        let escaped = text.chars().map(|c| match c {
            '"' => "\\\"".to_owned(),
            '\\' => "\\\\".to_owned(),
            '\n' => "\\n".to_owned(),
            '\t' => "\\t".to_owned(),
            c if plain(c) => c.to_string(),
            c => format!("\\U{:08X}", u32::from(c)),
        });
        format!("\"{}\"", escaped.collect::<String>())
    }
}

/// Scalars as a list on one line.
pub(super) fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let scalars: Vec<_> = texts.into_iter().map(|t| scalar(t.as_ref())).collect();
    format!("[{}]", scalars.join(", "))
}
