//! `warrener completions SHELL`.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Exit};

const AFTER_HELP: &str = "\
Examples:
  warrener completions bash > /etc/bash_completion.d/warrener
  warrener completions zsh > ~/.zfunc/_warrener";

#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_HELP)]
pub(super) struct Args {
    /// For which shell
    shell: Shell,
}

pub(super) fn run(args: Args) -> Exit {
    clap_complete::generate(
        args.shell,
        &mut Cli::command(),
        "warrener",
        &mut io::stdout(),
    );
    Exit::Fine
}
