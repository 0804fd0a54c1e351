//! A process's end as an event, by its pidfd.

use std::os::fd::OwnedFd;
use std::task::{Context, Poll};

use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A process that is waited for; it need not be a child. Costs a file descriptor.
#[derive(Debug)]
pub struct Ending(AsyncFd<OwnedFd>);

impl Ending {
    /// Of the process that has this id now. `None` when there is none, or descriptors are short.
    /// Must be called within the runtime.
    pub fn of(pid: u32) -> Option<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
        let fd = pidfd_open(pid, PidfdFlags::NONBLOCK).ok()?;
        registered(fd).map(Ending)
    }

    /// Ready once it has ended, whether or not its parent has taken notice.
    pub fn poll_ended(&self, context: &mut Context<'_>) -> Poll<()> {
        match self.0.poll_read_ready(context) {
            Poll::Ready(Ok(_)) => Poll::Ready(()),
            // The runtime goes down.
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

#[expect(
    deprecated,
    reason = "what its unsafe successor asks of the caller, that the descriptor stays the same and \
              open, an `OwnedFd` guarantees"
)]
fn registered(fd: OwnedFd) -> Option<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE).ok()
}
