//! `warrener completions SHELL`.

use std::io;

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, Exit};

#[derive(Debug, clap::Args)]
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
