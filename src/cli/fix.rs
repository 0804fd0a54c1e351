//! `warrener fix`.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::env_files::{schema_of, shown};
use super::words::{printable, time};
use super::{ConfigArgs, Exit, runtime};
use crate::config::{Config, EnvFile, Source};
use crate::envfile::{LogIn, Shown};
use crate::recover::repair::{
    Change, Done, Hopeless, Job, Origin, Outcome, Plan, Prepared, prepare, run as repair,
};
use crate::watch::Watch;

const AFTER_HELP: &str = "\
Examples:
  warrener fix --dry-run               what would be written, from where
  warrener fix                         do it, with a backup, proven by a login
  warrener fix --env /srv/app/.env     one file alone

A required key that is missing or empty, and a value that is not what its key asks for, is given
the first value that its schema accepts, of
  1. the last known good content, which `warrener serve` keeps once it logged in to the broker and
     its workers were well with it
  2. the file of the key's `default_from`
  3. the key's `default`
Every other byte of the file stays, and so do its mode and its owner. The old content is kept in
the state directory, under backups/. The broker is asked for a login with the new values first;
what logged in before is never given for what does not.

Workers keep the environment they were started with: restart those that are named at the end.

Exit codes: 0 repaired or nothing to do; 1 anything else, also when the broker could not be asked
(written_unverified); 2 warrener.yml or the command line is wrong.";

/// `fix` and what it is told.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Only say what would be written
    #[arg(long)]
    dry_run: bool,
    /// Only this env file; repeat it for several [default: all of warrener.yml]
    #[arg(long = "env", value_name = "FILE")]
    env: Vec<PathBuf>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(super) fn run(args: Args) -> Exit {
    let config = match Config::load(args.config.file().as_deref()) {
        Ok(config) => config,
        Err(errors) => {
            eprintln!("{errors}");
            return Exit::Usage;
        }
    };
    if config.source == Source::Defaults {
        eprintln!(
            "warrener: no warrener.yml here, so nothing says what an env file must hold; write one \
             with `env_files`, or name it with --config.file"
        );
        return Exit::Usage;
    }
    let files = match chosen(&config, &args.env) {
        Ok(files) => files,
        Err(error) => {
            eprintln!("warrener: {error}");
            return Exit::Usage;
        }
    };
    if files.is_empty() {
        println!("nothing to do: warrener.yml has no `env_files`");
        return Exit::Fine;
    }
    let mut fine = true;
    for file in files {
        fine &= one(&config, file, args.dry_run);
    }
    if fine { Exit::Fine } else { Exit::Failed }
}

fn chosen<'a>(config: &'a Config, named: &[PathBuf]) -> Result<Vec<&'a EnvFile>, String> {
    if named.is_empty() {
        return Ok(config.env_files.iter().collect());
    }
    named.iter().map(|path| schema_of(config, path)).collect()
}

/// Repairs one file, or says how it would be; whether it is well, or would be.
fn one(config: &Config, file: &EnvFile, dry_run: bool) -> bool {
    let name = shown(&file.path);
    let prepared = match prepare(Job::of(config, file)) {
        Ok(prepared) => prepared,
        Err(refusal) => {
            println!("{name}: refused: {}", printable(&refusal.to_string()));
            return false;
        }
    };
    print!("{}", diff(&name, &prepared.plan, SystemTime::now()));
    if let Some(why) = &prepared.last_good_unread {
        println!("  the last known good can't be read: {}", printable(why));
    }
    for hopeless in &prepared.plan.hopeless {
        print!("{}", lost(&name, hopeless));
    }
    if dry_run {
        let fine = prepared.plan.hopeless.is_empty();
        match (prepared.plan.is_empty(), fine) {
            (true, true) => println!("{name}: nothing to do, it keeps its schema"),
            (true, false) => println!("{name}: nothing would be written"),
            (false, _) => println!("{name}: nothing was written (--dry-run)"),
        }
        return fine;
    }
    match carried_out(config, prepared) {
        Ok(done) => {
            print!("{}", told(&name, &done));
            done.is_fine()
        }
        Err(error) => {
            println!("{name}: refused: {error}");
            false
        }
    }
}

fn carried_out(config: &Config, prepared: Prepared) -> Result<Done, String> {
    let runtime = runtime().map_err(|error| format!("the runtime could not start: {error}"))?;
    let build = Watch::default().build(config).map_err(|f| f.to_string())?;
    let log_in: LogIn = build.log_in();
    let done = runtime.block_on(repair(prepared, &log_in));
    // A name look-up that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(done)
}

/// The changes as a diff without context, secrets hidden, and where each value comes from.
fn diff(name: &str, plan: &Plan, now: SystemTime) -> String {
    if plan.is_empty() {
        return String::new();
    }
    let ago = |taken: SystemTime| {
        let age = now.duration_since(taken).unwrap_or_default();
        format!("last known good, kept {} ago", time(age))
    };
    let mut out = format!("--- {name}\n+++ {name} (repaired)\n");
    if let Some(taken) = plan.restored {
        out += &format!("@@ the whole file @@ from {}\n", ago(taken));
        for assignment in plan.after().assignments() {
            out += &format!("+{}=[redacted]\n", printable(&assignment.key));
        }
    }
    for change in &plan.changes {
        let Change {
            key, line, from, ..
        } = change;
        let place = line.map_or("added".to_owned(), |line| format!("line {line}"));
        let source = match from {
            Origin::LastGood(taken) => ago(*taken),
            Origin::DefaultFrom(path) => format!("default_from {}", shown(path)),
            Origin::Default => "default".to_owned(),
        };
        out += &format!("@@ {place} @@ from {source}\n");
        let line = |value| {
            Shown {
                key,
                value,
                open: change.open,
            }
            .to_string()
        };
        if let Some(before) = &change.before {
            out += &format!("-{}\n", line(before));
        }
        out += &format!("+{}\n", line(&change.after));
    }
    out
}

fn lost(name: &str, hopeless: &Hopeless) -> String {
    let Hopeless {
        violation,
        line,
        why,
    } = hopeless;
    let at = line.map_or(String::new(), |line| format!(":{line}"));
    format!(
        "{name}{at}: {} {}: can't be repaired\n    {}\n    remedy: write it by hand, or give it a \
         `default` or `default_from`\n",
        printable(&violation.key),
        violation.words,
        why.iter()
            .map(|why| printable(why))
            .collect::<Vec<_>>()
            .join("\n    "),
    )
}

fn told(name: &str, done: &Done) -> String {
    let words = match &done.outcome {
        Outcome::Repaired { logged_in: true } => {
            "repaired: the broker accepts a login with its values".to_owned()
        }
        Outcome::Repaired { logged_in: false } => {
            "repaired: it keeps its schema; it does not say how to log in to the broker".to_owned()
        }
        Outcome::NothingToDo => "nothing to do, it keeps its schema".to_owned(),
        Outcome::RolledBack(failure) => format!(
            "rolled back: it logs in to the broker as it is, and would not with these values\n    \
             {failure}"
        ),
        Outcome::WrittenUnverified(failure) => format!(
            "written, unverified: no login with the new values worked yet\n    {failure}\n    \
             see `warrener check --live` once the broker runs"
        ),
        Outcome::Refused(refusal) => format!("refused: {refusal}"),
    };
    let mut out = format!("{name}: {words}\n");
    if let Some(backup) = &done.backup {
        out += &format!("  the old content is in {}\n", shown(backup));
    }
    if !done.workers.is_empty() {
        out += "  these workers keep their old environment until they are restarted:\n";
        for worker in &done.workers {
            out += &format!("    {worker}\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Key, KeyType};
    use crate::envfile::Document;
    use crate::recover::repair::{Sources, plan};

    #[test]
    fn the_diff_hides_secrets_and_says_where_values_come_from() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(10_000);
        let key = |r#type, secret| Key {
            required: true,
            r#type,
            secret,
            ..Key::default()
        };
        let schema = EnvFile {
            keys: [
                ("HOST", key(KeyType::Host, false)),
                ("PASS", key(KeyType::Secret, false)),
                ("URL", key(KeyType::Url, false)),
                ("TOKEN", key(KeyType::String, true)),
            ]
            .map(|(name, key)| (name.to_owned(), key))
            .into(),
            ..EnvFile::at("/x")
        };
        let good = "HOST=rabbit\nPASS=canary1\nURL=amqp://canary2\nTOKEN=canary3\n";
        let taken = now - Duration::from_secs(60);
        let sources = Sources {
            last_good: Some((Document::parse(good.as_bytes()), taken)),
            ..Sources::default()
        };
        let file = Document::parse(b"HOST=\nPASS=\nURL=canary4\n");
        let text = diff(".env", &plan(Some(&file), &schema, &sources), now);
        let from = "from last known good, kept 1 min 0 s ago";
        assert_eq!(
            text,
            format!(
                "--- .env\n+++ .env (repaired)\n@@ line 1 @@ {from}\n-HOST=\n+HOST=rabbit\n\
                 @@ line 2 @@ {from}\n-PASS=\n+PASS=[redacted]\n\
                 @@ line 3 @@ {from}\n-URL=[redacted]\n+URL=[redacted]\n\
                 @@ added @@ {from}\n+TOKEN=[redacted]\n"
            )
        );
        let whole = diff(".env", &plan(None, &schema, &sources), now);
        assert!(
            whole.contains("the whole file") && !whole.contains("canary"),
            "{whole}"
        );
    }
}
