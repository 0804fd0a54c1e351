//! One process alone, recognised by its command line.

use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Signal, pidfd_send_signal};
use tokio::time::timeout;

use super::group::hold;
use super::{Acted, StopHow, StopSignal};
use crate::model::facts::{ProcessId, ProcessState};
use crate::model::{Failure, Generation, Reason};
use crate::platform::pidfd::Ending;
use crate::platform::proc::Proc;

/// How long SIGKILL may take: only what the kernel holds needs more.
const FORCE: Duration = Duration::from_secs(5);

/// Stops one process that no control names: it was recognised by its command line. Through a pidfd,
/// after its start was looked at again; it alone, for its group is not known to be its own.
///
/// # Errors
/// Why it still runs.
pub async fn stop_process(id: ProcessId, how: &StopHow) -> Result<Acted, Failure> {
    let pid = id.pid;
    let acted = |words: String, forced| Acted {
        words,
        forced,
        after: Generation::Absent,
    };
    let held = hold(id).map_err(|error| {
        let message = format!("process {pid} can't be held: {error}");
        Failure::new(Reason::Io, message)
    })?;
    let Some(process) = held.filter(|process| !process.has_ended()) else {
        return Ok(acted(format!("process {pid} is gone already"), false));
    };
    if how.signal != StopSignal::Kill {
        signal(&process, pid, how.signal.number())?;
        // What is stopped can't act on a signal; to all others this says nothing.
        signal(&process, pid, Signal::CONT)?;
        if timeout(how.grace, process.ended()).await.is_ok() {
            return Ok(acted(format!("process {pid} stopped"), false));
        }
    }
    signal(&process, pid, Signal::KILL)?;
    if timeout(FORCE, process.ended()).await.is_ok() {
        return Ok(acted(format!("process {pid} killed"), true));
    }
    let state = Proc::default().kin(pid).and_then(|kin| kin.state);
    let why = match state {
        Some(ProcessState::Uninterruptible) => {
            " it waits in the kernel (state D), where no signal reaches it"
        }
        _ => " the kernel has not ended it yet",
    };
    let message = format!("process {pid} still runs after SIGKILL:{why}");
    Err(Failure::new(Reason::Timeout, message))
}

fn signal(process: &Ending, pid: u32, signal: Signal) -> Result<(), Failure> {
    match pidfd_send_signal(process, signal) {
        Ok(()) | Err(Errno::SRCH) => Ok(()),
        Err(Errno::PERM) => {
            let message = format!(
                "process {pid} may not be signalled: warrener must run as its user, or with CAP_KILL"
            );
            Err(Failure::new(Reason::Access, message))
        }
        Err(error) => {
            let message = format!("process {pid} can't be signalled: {error}");
            Err(Failure::new(Reason::Io, message))
        }
    }
}
