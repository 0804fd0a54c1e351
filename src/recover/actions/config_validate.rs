//! `config.validate`: env files checked against their schema as they are at this moment, and a login
//! with their values where the broker answers.

use super::env_files::{blocking, concerned, did, named, target};
use super::{Asked, Effect, Hands, Next, Plan, World, job};
use crate::config::{Config, EnvFile, FileVariables, ReadError, Variables};
use crate::envfile::{Document, LogIn, OwnLogin, given_elsewhere, own_login, read, violations};
use crate::model::{Code, Failure, Reason};

pub(super) async fn next(asked: &Asked<'_>, world: &World, _hands: &Hands) -> Next {
    let files = match concerned(asked, world).await {
        Ok(files) => files,
        Err(why) => return Next::Refuse(why),
    };
    let Some(file) = files
        .iter()
        .find(|file| did(asked.own, &target(file)).is_none())
    else {
        let names: Vec<_> = files.iter().map(named).collect();
        return Next::Done(match names.as_slice() {
            [] => "no env file has to do with it".into(),
            names => format!("{} was checked", names.join(", ")),
        });
    };
    let mut findings = world.assessment.findings.iter();
    let answers = !findings.any(|finding| finding.code == Code::BrokerUnreachable);
    let login = match answers {
        true => ", and log in with its values",
        false => "; no login, for the broker does not answer",
    };
    let (config, file) = (world.config.clone(), file.clone());
    Next::Act(Plan {
        words: format!("check {} against its schema{login}", named(&file)),
        target: target(&file),
        before: Vec::new(),
        victims: None,
        job: job(move |hands| async move {
            let name = named(&file);
            let judged = blocking(move || judge(&config, &file)).await?;
            let own = judged.map_err(|words| Failure::new(Reason::Malformed, words))?;
            let login = match own {
                Some(own) if answers => log_in(&name, own, &hands.log_in.0).await?,
                Some(_) => "; the broker does not answer, so no login was tried",
                None => "",
            };
            Ok(Effect::done(format!("{name} keeps its schema{login}")))
        }),
    })
}

/// How the file says to log in, where it does.
///
/// # Errors
/// What is wrong with it, in words.
fn judge(config: &Config, file: &EnvFile) -> Result<Option<OwnLogin>, String> {
    let name = named(file);
    let document = match read(&file.path) {
        Ok(document) => document,
        Err(error) if matches!(error.reason, ReadError::Missing) && !is_needed(config, file) => {
            Document::parse(b"")
        }
        Err(error) => return Err(format!("{name}: {}", error.reason)),
    };
    let values = FileVariables::of(file.path.clone(), &document);
    let broken = violations(&values, file);
    let keys = broken.iter().map(|v| format!("{} {}", v.key, v.words));
    let faults = document
        .faults()
        .map(|(line, fault)| format!("line {line}: {fault}"));
    let wrong: Vec<_> = keys.chain(faults.take(3)).collect();
    if !wrong.is_empty() {
        return Err(format!("{name}: {}", wrong.join("; ")));
    }
    let amqp = &config.broker.amqp.0;
    let variables = Variables::read(|name| std::env::var(name).ok(), &config.env_files);
    let elsewhere = given_elsewhere(amqp, &variables, &file.path);
    Ok(own_login(amqp, &values, file, &elsewhere))
}

/// Somebody misses it when it is not there.
fn is_needed(config: &Config, file: &EnvFile) -> bool {
    file.keys.values().any(|key| key.required) || config.workers_with(&file.path).next().is_some()
}

async fn log_in(name: &str, own: OwnLogin, log_in: &LogIn) -> Result<&'static str, Failure> {
    let urls = own
        .urls
        .map_err(|unresolved| Failure::new(Reason::Unresolved, format!("{name}: {unresolved}")))?;
    match log_in(urls).await {
        Ok(()) if own.borrowed => Err(Failure::new(
            Reason::Unresolved,
            format!("{name}: keys are empty, and only a default of `broker.amqp` logs in"),
        )),
        Ok(()) => Ok("; the broker accepts a login with its values"),
        Err(failure) => {
            let words = format!("{name}: a login with its values fails: {}", failure.message);
            Err(Failure::new(failure.reason, words))
        }
    }
}
