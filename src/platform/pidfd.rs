//! A process's end as an event, by its pidfd.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::task::{Context, Poll};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
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
        Self::open(pid).ok()
    }

    /// As [`Ending::of`].
    ///
    /// # Errors
    /// What the system says; `ESRCH` when there is no such process.
    pub fn open(pid: u32) -> io::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let fd = pidfd_open(pid.ok_or(Errno::SRCH)?, PidfdFlags::NONBLOCK)?;
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

    /// Waits until it has ended; may be dropped at any time.
    pub async fn ended(&self) {
        std::future::poll_fn(|context| self.poll_ended(context)).await;
    }

    /// Whether it has ended, all of its threads.
    pub fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self.0.get_ref(), PollFlags::IN)];
        let at_once = Timespec::default();
        poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0)
    }
}

impl AsFd for Ending {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.get_ref().as_fd()
    }
}

#[expect(
    deprecated,
    reason = "what its unsafe successor asks of the caller, that the descriptor stays the same and \
              open, an `OwnedFd` guarantees"
)]
fn registered(fd: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(fd, Interest::READABLE)
}
