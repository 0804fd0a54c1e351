//! `warrener rules [--output DIR]`.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Exit;
use super::bundle::{self, File, Options, Profile};

const AFTER_HELP: &str = "\
Examples:
  warrener rules                                    list what is bundled
  warrener rules --output /etc/prometheus/warrener  write alert rules, dashboards, runbooks
  warrener rules --output DIR --profile fast        judged every 5 s, for recovery by alerts

Exit codes: 0 fine, 1 a file could not be written, or differs and was kept, 2 the command line is
wrong.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// Folder to write to; without it the files are listed
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// How soon alerts are there
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// Overwrite files that differ
    #[arg(long)]
    force: bool,
    /// Where the runbooks are published; alerts link to URL/NAME.md [default: docs/runbooks]
    #[arg(long, value_name = "URL", value_parser = base)]
    runbook_url: Option<String>,
    /// Where Grafana is; alerts link to URL/d/UID [default: a path without a host]
    #[arg(long, value_name = "URL", value_parser = base)]
    dashboard_url: Option<String>,
}

/// An address that something can be appended to, and that stays one word of YAML.
fn base(value: &str) -> Result<String, String> {
    let literal = |c: char| c.is_ascii_alphanumeric() || "-._~:/@%[]".contains(c);
    let rest = value
        .strip_prefix("https://")
        .or(value.strip_prefix("http://"));
    match rest {
        Some(rest) if !rest.is_empty() && rest.chars().all(literal) => {
            Ok(value.trim_end_matches('/').to_owned())
        }
        _ => Err("write http:// or https://, a host, and perhaps a path".into()),
    }
}

/// What became of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Written,
    Unchanged,
    /// It is there, differs, and nobody said that it may go.
    Kept,
}

fn write(file: &File, output: &Path, force: bool) -> io::Result<Outcome> {
    let path = output.join(&file.path);
    match fs::read(&path) {
        Ok(there) if there == *file.content => return Ok(Outcome::Unchanged),
        Ok(_) if !force => return Ok(Outcome::Kept),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(&path, &file.content)?;
    Ok(Outcome::Written)
}

pub(super) fn run(args: Args) -> Exit {
    let files = bundle::files(&Options {
        profile: args.profile,
        runbook_url: args.runbook_url,
        dashboard_url: args.dashboard_url,
    });
    let Some(output) = args.output else {
        for file in &files {
            println!("{}", file.path.display());
        }
        println!("\nWrite these {} files with --output DIR.", files.len());
        return Exit::Fine;
    };
    let mut counts = [0usize; 3];
    for file in &files {
        let path = file.path.display();
        match write(file, &output, args.force) {
            Ok(Outcome::Written) => {
                println!("wrote  {path}");
                counts[0] += 1;
            }
            Ok(Outcome::Unchanged) => counts[1] += 1,
            Ok(Outcome::Kept) => {
                println!("kept   {path} (differs; --force overwrites it)");
                counts[2] += 1;
            }
            Err(error) => {
                eprintln!("warrener: {}: {error}", output.join(&file.path).display());
                return Exit::Failed;
            }
        }
    }
    let [written, unchanged, kept] = counts;
    println!(
        "{}: {written} written, {unchanged} unchanged, {kept} kept",
        output.display()
    );
    if kept > 0 { Exit::Failed } else { Exit::Fine }
}

#[cfg(test)]
mod tests {
    use super::base;

    #[test]
    fn addresses_are_plain_words() {
        assert_eq!(
            base("https://git.example:8443/ops/runbooks/").as_deref(),
            Ok("https://git.example:8443/ops/runbooks")
        );
        for wrong in [
            "",
            "git.example",
            "https://",
            "ftp://x",
            "https://x #y",
            "https://x\n",
            "https://{{x}}",
        ] {
            assert!(base(wrong).is_err(), "{wrong}");
        }
    }
}
