//! What an env file says, by itself, about how to log in to the broker.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use super::violations;
use crate::config::{EnvFile, FileVariables, Template, Unresolved, Variables};
use crate::model::{Failure, Secret};

/// Logs in to the broker at the first of these AMQP URLs that lets it, within a deadline of its
/// own. Whoever has an AMQP client gives it to whoever has none.
pub type LogIn = Arc<
    dyn Fn(Vec<Secret>) -> Pin<Box<dyn Future<Output = Result<(), Failure>> + Send>> + Send + Sync,
>;

/// The login of one env file's values, and of no other's: neither another file's nor the
/// environment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnLogin {
    /// The AMQP URLs its values make; why they make none.
    pub urls: Result<Vec<Secret>, Unresolved>,
    /// A variable that the file should give, and does not, was taken from the default of the
    /// configuration's URL: a login that works speaks for that default, not for the file.
    pub borrowed: bool,
}

/// The variables of `templates` that somebody else than the file at `path` gives a value: the
/// environment or another env file.
pub fn given_elsewhere(
    templates: &[Template],
    variables: &Variables,
    path: &Path,
) -> BTreeSet<String> {
    let given = |name: &str| {
        (variables.environment)(name).is_some_and(|value| !value.is_empty())
            || variables
                .files
                .iter()
                .filter(|file| file.path != path)
                .any(|file| file.get(name).is_some_and(|value| !value.is_empty()))
    };
    let names = templates.iter().flat_map(Template::variables);
    names
        .filter(|name| given(name))
        .map(str::to_owned)
        .collect()
}

/// How the file with these `values` and this `schema` says to log in under `templates`, the
/// configuration's AMQP URLs. `None` where it is not the one to say: it names none of their
/// variables, or leaves one to somebody else, as far as `elsewhere` knows.
pub fn own_login(
    templates: &[Template],
    values: &FileVariables,
    schema: &EnvFile,
    elsewhere: &BTreeSet<String>,
) -> Option<OwnLogin> {
    let named = |name: &str| values.get(name).is_some() || schema.keys.contains_key(name);
    let required = |name: &str| schema.keys.get(name).is_some_and(|key| key.required);
    let left =
        |name: &str| elsewhere.contains(name) && values.get(name).is_none() && !required(name);
    let concerned: Vec<&Template> = templates
        .iter()
        .filter(|template| {
            template.variables().any(&named)
                && template.variables_without_default().all(&named)
                && !template.variables().any(&left)
        })
        .collect();
    if concerned.is_empty() {
        return None;
    }
    let alone = Variables {
        environment: Box::new(|_| None),
        files: vec![values.clone()],
    };
    let broken = violations(values, schema);
    // A value that breaks the schema is the file's own all the same.
    let hollow = |name: &str| match values.get(name) {
        Some(value) => value.is_empty(),
        None => broken.iter().any(|v| v.key == name),
    };
    Some(OwnLogin {
        borrowed: concerned.iter().any(|t| t.variables().any(hollow)),
        urls: concerned
            .iter()
            .map(|template| template.resolve(&alone))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envfile::Document;

    const PLAIN: &str = "amqp://${U}:${P}@${H}/%2f";
    const DEFAULTS: &str = "amqp://${U:-guest}:${P:-guest}@${H:-localhost}/%2f";

    fn own(templates: &[&str], file: &str, keys: &[&str]) -> Option<OwnLogin> {
        let templates: Vec<Template> = templates.iter().map(|t| t.parse().unwrap()).collect();
        let values = FileVariables::of("/x".into(), &Document::parse(file.as_bytes()));
        let required = crate::config::Key {
            required: true,
            ..Default::default()
        };
        let schema = EnvFile {
            keys: keys
                .iter()
                .map(|k| ((*k).to_owned(), required.clone()))
                .collect(),
            ..EnvFile::at("/x")
        };
        own_login(&templates, &values, &schema, &BTreeSet::new())
    }

    fn urls(login: Option<OwnLogin>) -> Vec<String> {
        let urls = login.unwrap().urls.unwrap();
        urls.iter().map(|url| url.expose().to_owned()).collect()
    }

    #[test]
    fn a_file_with_all_values_says_how() {
        let login = own(&[PLAIN], "U=u\nP=p/\nH=h\n", &[]);
        assert!(!login.as_ref().unwrap().borrowed);
        assert_eq!(urls(login), ["amqp://u:p%2F@h/%2f"]);
    }

    #[test]
    fn an_emptied_file_resolves_to_nothing_and_never_borrows_from_the_environment() {
        let login = own(&[PLAIN], "U=\nP=\nH=\n", &[]).unwrap();
        assert_eq!(login.urls.unwrap_err().missing.len(), 3);
        // PATH is in every environment; here it is not asked.
        let login = own(&["amqp://${PATH}"], "", &["PATH"]).unwrap();
        assert!(login.urls.is_err());
    }

    #[test]
    fn defaults_that_stand_in_are_told_to_be_borrowed() {
        for (file, keys) in [("U=\nP=\nH=\n", &[][..]), ("X=1\n", &["U"])] {
            let login = own(&[DEFAULTS], file, keys);
            assert!(login.as_ref().unwrap().borrowed, "{file}");
            assert_eq!(urls(login), ["amqp://guest:guest@localhost/%2f"]);
        }
        assert!(!own(&[DEFAULTS], "U=u\nP=p\n", &["U"]).unwrap().borrowed);
    }

    #[test]
    fn a_value_that_breaks_the_schema_is_the_files_own() {
        let schema = crate::config::Key {
            r#type: crate::config::KeyType::Port,
            ..Default::default()
        };
        let schema = EnvFile {
            keys: [("U".to_owned(), schema)].into(),
            ..EnvFile::at("/x")
        };
        let values = FileVariables::of("/x".into(), &Document::parse(b"U=no-port\n"));
        let template = "amqp://${U:-guest}@h".parse().unwrap();
        assert!(
            !own_login(&[template], &values, &schema, &BTreeSet::new())
                .unwrap()
                .borrowed
        );
    }

    #[test]
    fn a_file_that_leaves_it_to_another_says_nothing() {
        assert_eq!(own(&[PLAIN], "OTHER=1\n", &[]), None);
        assert_eq!(own(&[PLAIN], "U=u\nP=p\n", &["U", "P"]), None);
        assert_eq!(own(&["amqp://a:b@h"], "U=u\n", &[]), None);
        let both = own(&[PLAIN, "amqp://${U}:${P}@other"], "U=u\nP=p\n", &[]);
        assert_eq!(urls(both), ["amqp://u:p@other"]);
    }

    #[test]
    fn what_the_environment_gives_is_not_taken_for_a_default() {
        let template: Template = DEFAULTS.parse().unwrap();
        let values = FileVariables::of("/x".into(), &Document::parse(b"H=h\n"));
        let other = FileVariables::of("/y".into(), &Document::parse(b"P=p\nX=1\n"));
        let environment = |name: &str| (name == "U").then(|| "u".to_owned());
        let variables = Variables::of(environment, vec![values.clone(), other]);
        let templates = [template];
        let elsewhere = given_elsewhere(&templates, &variables, Path::new("/x"));
        assert_eq!(elsewhere, ["P".to_owned(), "U".to_owned()].into());
        let own = |elsewhere| own_login(&templates, &values, &EnvFile::at("/x"), elsewhere);
        assert_eq!(own(&elsewhere), None);
        assert!(own(&BTreeSet::new()).is_some());
    }
}
