//! YAML text to a tree of nodes with positions. The only home of the YAML crate: its types and
//! its words end here.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use serde_yaml::granit_parser::ErrorKind;
use serde_yaml::localizer::ExternalMessageSource;
use serde_yaml::{Budget, DuplicateKeyPolicy, Error, Location, Spanned};

use super::error::Position;
use super::node::{Entry, Node, Value};

/// What is not YAML, or not a YAML that warrener reads.
#[derive(Debug)]
pub(super) struct NotYaml {
    pub at: Position,
    pub problem: String,
    pub remedy: String,
}

/// Nodes of one file, aliases expanded. A large fleet's file has some ten thousand.
const MAX_NODES: usize = 100_000;
/// Values within values. What warrener reads needs 8.
const MAX_DEPTH: usize = 32;

/// Reads one document; an empty one is `None`.
pub(super) fn parse(text: &str) -> Result<Option<Node>, NotYaml> {
    let mut budget = Budget::default();
    budget.max_nodes = MAX_NODES;
    budget.max_events = 3 * MAX_NODES;
    budget.max_depth = MAX_DEPTH;
    budget.max_recorded_anchor_events = 3 * MAX_NODES;
    let mut options = serde_yaml::options! {
        // `decode` finds them, and can say under which key.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        reject_unsupported_tags: true,
        strict_booleans: true,
        with_snippet: false,
        non_finite_float_policy: serde_yaml::NonFiniteFloatPolicy::AsString,
    };
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = MAX_NODES;
    match serde_yaml::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(raw) => Ok(raw
            .map(|raw| node(raw, text))
            .filter(|n| !matches!(n.value, Value::Null))),
        Err(error) => Err(explain(&error, text)),
    }
}

/// What the crate hands over: shapes only. A scalar it guessed a type for is read again from the
/// text, where it still has its own spelling (`1.10`, `0640`).
enum Raw {
    Null,
    Guessed(String),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Shape)
    }
}

struct Shape;

impl<'de> de::Visitor<'de> for Shape {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Guessed(value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let source = || {
        let span = raw.defined.span();
        let from = usize::try_from(span.byte_offset()?).ok()?;
        text.get(from..from.checked_add(usize::try_from(span.byte_len()?).ok()?)?)
    };
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Guessed(guess) => {
            let spelled = source().map(str::trim).filter(|s| !s.is_empty());
            Value::Scalar {
                text: spelled.map_or(guess, str::to_owned),
                plain: true,
            }
        }
        Raw::Text(content) => {
            let plain = !source().is_some_and(|s| s.starts_with(['"', '\'', '|', '>']));
            Value::Scalar {
                text: content,
                plain,
            }
        }
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| Entry {
                    at: position(&key.referenced).unwrap_or(Position::START),
                    key: key.value,
                    value: node(value, text),
                })
                .collect(),
        ),
    };
    Node::new(position(&raw.referenced).unwrap_or(Position::START), value)
}

fn position(location: &Location) -> Option<Position> {
    let at = Position {
        line: location.line(),
        column: location.column(),
    };
    (at.line > 0).then(|| Position {
        column: at.column.max(1),
        ..at
    })
}

fn explain(error: &Error, text: &str) -> NotYaml {
    let at = error
        .location()
        .as_ref()
        .and_then(position)
        .unwrap_or(Position::START);
    if let Some(tab) = tab_indentation(text) {
        return NotYaml {
            at: tab,
            problem: "indented with a tab".to_owned(),
            remedy: "indent with spaces; YAML takes no tabs".to_owned(),
        };
    }
    let (problem, remedy) = words(error);
    NotYaml {
        at,
        problem,
        remedy: remedy.to_owned(),
    }
}

/// The first line that is indented with a tab.
fn tab_indentation(text: &str) -> Option<Position> {
    text.lines().zip(1..).find_map(|(line, number)| {
        let blank = |c: char| c == ' ' || c == '\t';
        let indent = &line[..line.find(|c| !blank(c))?];
        let column = indent.find('\t')?;
        Some(Position {
            line: number,
            column: column as u64 + 1,
        })
    })
}

const INDENTATION: &str =
    "look at the quotes, brackets and indentation on this line and the one above";

fn words(error: &Error) -> (String, &'static str) {
    match error {
        Error::AliasError { error, .. } | Error::WithSnippet { error, .. } => words(error),
        Error::Budget { .. }
        | Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => (
            "grows too large when its aliases are expanded, or is nested too deep".to_owned(),
            "write less of it with `&anchor` and `*alias`",
        ),
        Error::UnknownAnchor { .. } => (
            "an `*alias` without its `&anchor`".to_owned(),
            "put a text that starts with `*` in quotes, as in '*.log'",
        ),
        Error::MultipleDocuments { .. } => (
            "a second document begins here".to_owned(),
            "remove the line `---`",
        ),
        Error::UnsupportedTag { .. } | Error::TaggedScalarCannotDeserializeIntoString { .. } => (
            "has a `!tag`".to_owned(),
            "remove the tag; put a text that starts with `!` in quotes",
        ),
        Error::MergeValueNotMapOrSeqOfMaps { .. } => (
            "`<<` with something else than a mapping".to_owned(),
            "write `<<: *alias` of a mapping",
        ),
        Error::NullIntoString { .. } | Error::UnexpectedContainerEndWhileReadingKeyNode { .. } => (
            "a key without a name".to_owned(),
            "give it a name, or put it in quotes",
        ),
        Error::Eof { .. } => ("ends too early".to_owned(), INDENTATION),
        Error::ExternalMessage { source, .. } => match source.as_ref() {
            ExternalMessageSource::Parser(error) => syntax(error.kind()),
            _ => ("is not YAML".to_owned(), INDENTATION),
        },
        _ => ("is not YAML".to_owned(), INDENTATION),
    }
}

/// The scanner's verdict, in words of the file rather than of the scanner.
fn syntax(kind: &ErrorKind) -> (String, &'static str) {
    match kind {
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => (
            "a quote is opened and not closed".to_owned(),
            "close it, on the same line",
        ),
        ErrorKind::UnclosedFlowCollection { open } => {
            (format!("a `{open}` is opened and not closed"), "close it")
        }
        ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::ExpectedFlowSequenceSeparator
        | ErrorKind::ExpectedFlowMappingSeparator => (
            "a `[` or `{` is opened and not closed".to_owned(),
            "close it, and put a `,` between its items",
        ),
        ErrorKind::MismatchedFlowCollectionEnd { open, close } => (
            format!("a `{open}` is closed by a `{close}`"),
            "close each bracket by its own kind",
        ),
        ErrorKind::MisplacedFlowCollectionEnd => (
            "a bracket is closed that was not opened".to_owned(),
            "remove it, or open it",
        ),
        ErrorKind::MappingValueNotAllowed
        | ErrorKind::InvalidColonPlacement
        | ErrorKind::InvalidSimpleKey => (
            "a `:` where none can stand".to_owned(),
            "close every bracket above it; put a text with `: ` in it in quotes",
        ),
        ErrorKind::UnknownQuotedScalarEscape
        | ErrorKind::InvalidQuotedScalarHexEscape
        | ErrorKind::InvalidUnicodeEscape => (
            "a backslash in double quotes that starts no escape".to_owned(),
            "use single quotes: they keep every backslash",
        ),
        _ => ("is not YAML".to_owned(), INDENTATION),
    }
}
