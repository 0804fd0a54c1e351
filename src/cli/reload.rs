//! `warrener reload`: have the server read its configuration again.

use std::path::Path;

use serde_json::json;

use super::client::{ServerArgs, Unanswered};
use super::output::{Problem, say};
use super::words::printable;
use super::{Exit, finish};
use crate::server::Reloaded;

const AFTER_HELP: &str = "\
Examples:
  warrener check                        after a change: is it right?
  warrener reload                       then take it
  warrener reload --token-file /run/secrets/warrener

The server reads its own warrener.yml, playbooks and --web.config.file again, whole, and takes them or
rejects them: then the configuration that runs stays in force, and what is wrong is printed. The web
configuration is judged apart: each of the two that is wrong stays as it was. The address and the other
flags of `serve` are not read again. Runs under way go on.

It asks the server at --url, with the token of its web.auth.bearer_file. SIGHUP does the same, and tells
its outcome in the log alone.

Exit codes: 0 what was read is in force, 1 no server or no right, 2 rejected.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    #[command(flatten)]
    server: ServerArgs,
}

pub(super) fn run(args: Args) -> Exit {
    finish(async {
        let client = args.server.client()?;
        let answer = match client.post("/-/reload", &json!({})).await {
            Ok(answer) => answer,
            Err(rejected @ Unanswered::Refused { status: 400, .. }) => {
                return Err(Problem::Usage(format!(
                    "warrener: rejected, the configuration that runs stays in force\n{rejected}"
                )));
            }
            Err(unanswered) => return Err(unanswered.into()),
        };
        let read: Reloaded = serde_json::from_str(&answer)
            .map_err(|error| Problem::Failed(format!("the answer can't be read: {error}")))?;
        say(&told(&read));
        Ok(Exit::Fine)
    })
}

fn told(read: &Reloaded) -> String {
    let path = |path: &Path| printable(&path.display().to_string());
    let list = |names: Vec<String>| match names.is_empty() {
        true => "none".to_owned(),
        false => names.join(", "),
    };
    let file = match &read.configuration {
        Some(file) => format!("Read, and in force: {}\n", path(file)),
        None => "There is no configuration file: the defaults are in force\n".to_owned(),
    };
    let web = read.web_configuration.as_deref();
    let web = web.map(|file| format!("Read, and in force: {}\n", path(file)));
    format!(
        "{file}{}  workers: {}\n  env files: {}\n  recovery.mode: {}\n",
        web.unwrap_or_default(),
        list(read.workers.iter().map(|name| printable(name)).collect()),
        list(read.env_files.iter().map(|file| path(file)).collect()),
        read.mode
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::RunMode;

    #[test]
    fn what_was_read_is_told() {
        let mut read = Reloaded {
            version: 1,
            configuration: Some("/etc/warrener/warrener.yml".into()),
            web_configuration: Some("/etc/warrener/web.yml".into()),
            workers: vec!["mail".into(), "odd\u{1b}[2J".into()],
            env_files: Vec::new(),
            mode: RunMode::Approve,
        };
        assert_eq!(
            told(&read),
            "Read, and in force: /etc/warrener/warrener.yml\n\
             Read, and in force: /etc/warrener/web.yml\n  \
             workers: mail, odd\\u{1b}[2J\n  env files: none\n  recovery.mode: approve\n"
        );
        (read.configuration, read.web_configuration) = (None, None);
        assert!(told(&read).starts_with("There is no configuration file"));
    }
}
