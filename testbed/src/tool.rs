//! Command-line tools that check what warrener ships: `promtool`, `amtool`.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::error::Context;
use crate::roots::Root;
use crate::{Error, Result};

/// `promtool ARGS` of the host's release with `stdin`; gives its standard output.
///
/// # Errors
/// [`Error::Tool`] with what it wrote.
pub fn promtool(args: &[&str], stdin: &str) -> Result<String> {
    tool(None, "promtool", args, stdin)
}

/// `amtool ARGS` of the host's release with `stdin`; gives its standard output.
///
/// # Errors
/// [`Error::Tool`] with what it wrote.
pub fn amtool(args: &[&str], stdin: &str) -> Result<String> {
    tool(None, "amtool", args, stdin)
}

/// Any tool, of the host or of a root; there it sees the working directory, so name files
/// relative to that.
///
/// # Errors
/// [`Error::Tool`] with what it wrote.
pub fn tool(root: Option<&Root>, program: &str, args: &[&str], stdin: &str) -> Result<String> {
    let mut command = match root {
        Some(root) => root.command(program),
        None => Command::new(program),
    };
    run(command.args(args), stdin)
}

/// Runs it to its end. Input is written on a thread of its own, as both pipes may fill.
pub(crate) fn run(command: &mut Command, stdin: &str) -> Result<String> {
    let shown = format!("{} ..", command.get_program().to_string_lossy());
    let shown = command
        .get_args()
        .map(|arg| arg.to_string_lossy())
        .filter(|arg| !arg.contains('\n'))
        .fold(shown, |line, arg| line + " " + &arg);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context(|| shown.clone())?;
    let pipe = child.stdin.take();
    let output = std::thread::scope(|scope| {
        scope.spawn(move || {
            // A tool that does not read its input to the end says why in its own words.
            pipe.map(|mut pipe| pipe.write_all(stdin.as_bytes()).ok())
        });
        child.wait_with_output()
    })
    .context(|| shown.clone())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(Error::Tool {
        command: shown,
        status: output.status.to_string(),
        output: text(&output.stdout) + &text(&output.stderr),
    })
}
