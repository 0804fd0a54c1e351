//! `warrener init`: drafts a `warrener.yml` from what runs on this host.
//!
//! ```text
//! find (env files, /proc) ─> ask (the broker) ─> World ─> draft (pure) ─> Config::from_text ─> write
//! ```
//!
//! A draft that warrener itself would refuse is never written. No value of a variable is in it.

mod address;
mod ask;
mod command;
mod draft;
mod find;
mod keys;
mod kinds;
mod page;
mod sections;
mod units;
mod world;
mod write;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Duration;

use self::draft::Draft;
use super::{Exit, runtime};
use crate::config::Config;
use crate::platform::proc::Proc;

const AFTER_HELP: &str = "\
Examples:
  warrener init                        write ./warrener.yml for what was found here
  warrener init --stdout               only print it
  warrener init --dir /srv/app         with the .env of another folder

It reads env files, units, processes and the broker's consumers. No value of a variable is written.

Exit codes: 0 written, 1 failed, 2 the command line is wrong, or the file is there already.";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "warrener.yml")]
    output: PathBuf,
    /// Replace a file that is already there
    #[arg(long)]
    force: bool,
    /// A folder with an .env file, besides this one
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print the draft and write nothing
    #[arg(long, conflicts_with_all = ["output", "force"])]
    stdout: bool,
}

pub(super) fn run(args: Args) -> Exit {
    if let Some(dir) = args.dir.as_ref().filter(|dir| !dir.is_dir()) {
        eprintln!("warrener: --dir {}: no such folder", dir.display());
        return Exit::Usage;
    }
    if !args.stdout
        && let Err(error) = write::may_write(&args.output, args.force)
    {
        eprintln!("warrener: {error}");
        return Exit::Usage;
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("warrener: the runtime could not start: {error}");
            return Exit::Failed;
        }
    };
    let folder = folder(&args.output);
    let here = PathBuf::from(".");
    let dirs: Vec<PathBuf> = args.dir.iter().cloned().chain([here]).collect();
    let system = Proc::default();
    let world = runtime.block_on(find::world(&system, folder.clone(), &dirs));
    let draft = draft::draft(&world);
    // A name look-up that hangs is not waited for.
    runtime.shutdown_timeout(Duration::from_millis(100));
    finish(&args, &folder, &draft)
}

/// Checks the draft, then prints or writes it, and tells.
fn finish(args: &Args, folder: &Path, draft: &Draft) -> Exit {
    if let Err(errors) = Config::from_text(&draft.text, &args.output, folder) {
        println!("{}", draft.text);
        eprintln!(
            "{errors}\nwarrener: the draft above is not right, so nothing was written. This is a \
             mistake of `warrener init`; please report it with the lines above"
        );
        return Exit::Failed;
    }
    if args.stdout {
        print!("{}", draft.text);
        eprint!("{}", summary(draft));
        return Exit::Fine;
    }
    if let Err(error) = write::write(&args.output, &draft.text, args.force) {
        eprintln!("warrener: {error}");
        return Exit::Failed;
    }
    print!("{}", summary(draft));
    print!("{}", next(&args.output));
    Exit::Fine
}

/// The folder that the paths of the file are relative to.
fn folder(output: &Path) -> PathBuf {
    let output = std::path::absolute(output).unwrap_or_else(|_| output.to_owned());
    let folder = output.parent().unwrap_or(Path::new("/"));
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned())
}

fn summary(draft: &Draft) -> String {
    let mut text = String::from("Found (nothing was changed):\n");
    for (what, words) in &draft.found {
        text.push_str(&format!("  {what:<9} {words}\n"));
    }
    if !draft.assumed.is_empty() {
        text.push_str("\nAssumed, and marked so in the file:\n");
    }
    for words in &draft.assumed {
        text.push_str(&format!("  - {words}\n"));
    }
    text
}

fn next(output: &Path) -> String {
    let path = output.display();
    let option = if output == Path::new("warrener.yml") {
        String::new()
    } else {
        format!(" --config.file={path}")
    };
    format!(
        "\nWrote {path}. Next:\n  \
         read it, and mend what is marked `assumed:`\n  \
         warrener check --live{option}   is it right, and does the broker let it in?\n  \
         warrener probe{option}          what does it see?\n  \
         warrener serve{option}          metrics on port 15699\n"
    )
}
