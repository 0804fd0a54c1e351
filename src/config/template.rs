//! Strings with `${VAR}` in them: `amqp://${RABBITMQ_USER}:${RABBITMQ_PASS}@host/%2f`.

use std::fmt;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::condition::is_variable_name;
use super::scalar::{Malformed, scalar};
use super::variables::{Missing, Unresolved, Variables};
use crate::model::Secret;

/// Everything but RFC 3986's unreserved characters.
const URL_PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
/// A host may also be an address in brackets, or carry its port.
const URL_HOST: &AsciiSet = &URL_PART.remove(b'[').remove(b']').remove(b':');

/// A string with `${VAR}` or `${VAR:-default}` in it; `$$` is one `$`.
///
/// An empty value counts as none: the incident is empty lines. In a URL, values are
/// percent-encoded; the text around them and defaults are taken as they are.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable {
        name: String,
        default: Option<String>,
        encoding: Encoding,
    },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encoding {
    /// The template is no URL.
    None,
    /// Stands where a host is expected.
    Host,
    /// Stands anywhere else in a URL.
    Url,
}

impl Template {
    /// What is written before `://`; `None` where a variable stands there, or in no URL.
    pub fn scheme(&self) -> Option<&str> {
        match self.parts.first() {
            Some(Part::Text(text)) => text.split_once("://").map(|(scheme, _)| scheme),
            _ => None,
        }
    }

    /// Whether its beginning is left to a variable, so that a scheme can't be seen yet.
    pub fn starts_with_variable(&self) -> bool {
        matches!(self.parts.first(), Some(Part::Variable { .. }))
    }

    /// Whether it is no URL with a host although nothing in it is left to a variable.
    pub(super) fn is_malformed(&self) -> bool {
        match &self.parts[..] {
            [Part::Text(text)] => !url::Url::parse(text).is_ok_and(|url| url.has_host()),
            _ => false,
        }
    }

    /// The names of the variables in it, in order.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable { name, .. } => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// The names of those that must have a value.
    pub fn variables_without_default(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable {
                name,
                default: None,
                ..
            } => Some(name.as_str()),
            _ => None,
        })
    }

    /// Puts the values of `variables` in.
    ///
    /// # Errors
    /// [`Unresolved`] names every variable that has neither a value nor a default.
    pub fn resolve(&self, variables: &Variables) -> Result<Secret, Unresolved> {
        let mut resolved = String::new();
        let mut missing = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => resolved.push_str(text),
                Part::Variable {
                    name,
                    default,
                    encoding,
                } => match (variables.get(name), default) {
                    (Some(value), _) => resolved.push_str(&encoding.apply(value.expose())),
                    (None, Some(default)) => resolved.push_str(default),
                    (None, None) => missing.push(Missing {
                        name: name.clone(),
                        looked_in: variables.looked_in(name),
                    }),
                },
            }
        }
        if missing.is_empty() {
            Ok(Secret::new(resolved))
        } else {
            Err(Unresolved { missing })
        }
    }
}

impl Encoding {
    fn apply(self, value: &str) -> String {
        match self {
            Self::None => value.to_owned(),
            // A bare IPv6 address has at least two colons, host and port have one.
            Self::Host if value.matches(':').count() > 1 && !value.contains('[') => {
                format!("[{}]", utf8_percent_encode(value, URL_HOST))
            }
            Self::Host => utf8_percent_encode(value, URL_HOST).to_string(),
            Self::Url => utf8_percent_encode(value, URL_PART).to_string(),
        }
    }
}

impl FromStr for Template {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(dollar) = rest.find('$') {
            literal.push_str(&rest[..dollar]);
            rest = &rest[dollar + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                literal.push('$');
                rest = after;
            } else if let Some(after) = rest.strip_prefix('{') {
                let (inside, after) = after.split_once('}').ok_or_else(|| {
                    Malformed::new(
                        "`${` without its `}`",
                        "write `${NAME}` or `${NAME:-default}`",
                    )
                })?;
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(variable(inside)?);
                rest = after;
            } else {
                return Err(Malformed::new(
                    "`$` that starts no `${NAME}`",
                    "write `${NAME}` for a variable, `$$` for a dollar sign",
                ));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        set_encodings(&mut parts);
        Ok(Self { parts })
    }
}

fn variable(inside: &str) -> Result<Part, Malformed> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default.to_owned())),
        None => (inside, None),
    };
    if !is_variable_name(name) {
        // Not shown: what stands between braces by mistake may be a password.
        let remedy =
            "a name is letters, digits and `_`; only `${NAME}` and `${NAME:-default}` are known";
        return Err(Malformed::new(
            "`${...}` without the name of a variable in it",
            remedy,
        ));
    }
    if default
        .as_ref()
        .is_some_and(|default| default.contains('$'))
    {
        let problem = format!("the default of `${{{name}}}` holds a `$`");
        return Err(Malformed::new(
            problem,
            "a default is plain text, without variables",
        ));
    }
    Ok(Part::Variable {
        name: name.to_owned(),
        default,
        encoding: Encoding::None,
    })
}

/// Decides from the text around each variable whether it stands for a host.
fn set_encodings(parts: &mut [Part]) {
    let text_of = |part: &Part| match part {
        Part::Text(text) => text.clone(),
        Part::Variable { .. } => "v".to_owned(),
    };
    let texts: Vec<String> = parts.iter().map(text_of).collect();
    for (at, part) in parts.iter_mut().enumerate() {
        let Part::Variable { encoding, .. } = part else {
            continue;
        };
        let before = texts[..at].concat();
        let after = texts[at + 1..].concat();
        let Some((_, before)) = before.split_once("://") else {
            continue;
        };
        let authority_after = after.split('/').next().unwrap_or_default();
        *encoding = if before.contains('/') || authority_after.contains('@') {
            Encoding::Url
        } else {
            Encoding::Host
        };
    }
}

impl fmt::Display for Template {
    /// As written; a password written out is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(literal) => text.push_str(&literal.replace('$', "$$")),
                Part::Variable {
                    name,
                    default: None,
                    ..
                } => {
                    text.push_str(&format!("${{{name}}}"));
                }
                Part::Variable {
                    name,
                    default: Some(default),
                    ..
                } => {
                    text.push_str(&format!("${{{name}:-{default}}}"));
                }
            }
        }
        f.write_str(&without_password(&text))
    }
}

/// Hides what stands between `user:` and `@`, unless it is nothing but variables.
fn without_password(text: &str) -> String {
    let Some((scheme, rest)) = text.split_once("://") else {
        return text.to_owned();
    };
    let Some((user_info, rest)) = rest.rsplit_once('@') else {
        return text.to_owned();
    };
    // `${USER:-guest}:...`: the colon that parts user and password is outside the braces.
    let mut depth = 0_i32;
    let colon = user_info.char_indices().find(|(_, c)| {
        depth += i32::from(*c == '{') - i32::from(*c == '}');
        depth == 0 && *c == ':'
    });
    match colon {
        Some((at, _)) if !is_one_variable(&user_info[at + 1..]) => {
            format!("{scheme}://{}:[redacted]@{rest}", &user_info[..at])
        }
        _ => text.to_owned(),
    }
}

fn is_one_variable(text: &str) -> bool {
    text.strip_prefix("${")
        .and_then(|t| t.strip_suffix('}'))
        .is_some_and(is_variable_name)
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({self})")
    }
}

scalar!(Template, "a string", {"type": "string", "x-kind": "template"});
