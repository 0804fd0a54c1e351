//! `warrener man DIR`: what makes a package.

use std::path::PathBuf;

use clap::CommandFactory;

use super::{Cli, Exit};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder to write warrener.1 and a page for each command to
    folder: PathBuf,
}

pub(super) fn run(args: &Args) -> Exit {
    match clap_mangen::generate_to(Cli::command(), &args.folder) {
        Ok(()) => Exit::Fine,
        Err(error) => {
            eprintln!("warrener: {}: {error}", args.folder.display());
            Exit::Failed
        }
    }
}
