//! What every control promises of starting and stopping, tried on each of the four: the same worker,
//! the same promises, seen by the processes of this machine alone.

mod command;
mod docker;
mod polkit;
mod process;
mod systemd;

use std::fs;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use warrener::model::Generation;
use warrener::platform::act::{Actor, StartHow, StopHow, StopSignal, generation, is_up};
use warrener::platform::observe::Instance;
use warrener::platform::proc::Proc;

use crate::PATIENCE;

/// `$1` is in the arguments of all of its three processes, `$2` the file that says how to behave.
pub(crate) const WORKER: &str = r#"
read -r mode < "$2"
case $mode in
fails) echo "no such table: tasks" >&2; exit 3 ;;
deaf) trap '' TERM ;;
*) trap 'exit 0' TERM ;;
esac
sh -c 'sleep "$0" & wait' "$1" &
wait
"#;

/// A worker under some control.
pub(crate) trait World {
    /// Another hand on the same world, as after a restart of warrener.
    fn actor(&self) -> Actor;
    /// What its control calls it.
    fn instance(&self) -> &str;
    /// How it behaves from its next start on: `orderly`, `deaf`, `fails`.
    fn behave(&self, how: &str);
    /// What is in the arguments of its processes, and of nobody else's.
    fn token(&self) -> &str;

    /// Its processes, as this machine numbers them.
    fn processes(&self) -> Vec<u32> {
        let token = self.token();
        let pid = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        let pids = fs::read_dir("/proc").unwrap().flatten().filter_map(pid);
        let mut ours: Vec<u32> = pids
            .filter(|pid| {
                let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                // An argument of its own: a tool's arguments may hold it too.
                line.split(|byte| *byte == 0)
                    .any(|word| word == token.as_bytes())
            })
            .collect();
        ours.sort_unstable();
        ours
    }

    /// Waits until all three of them are there.
    fn up(&self) -> Vec<u32> {
        testbed::wait_until("three processes", PATIENCE, || {
            let there = self.processes();
            if there.len() == 3 {
                Ok(there)
            } else {
                Err(format!("{there:?}"))
            }
        })
        .unwrap()
    }
}

/// Seconds to sleep that nobody else sleeps.
pub(crate) fn token() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("1000.{}{count:03}", std::process::id())
}

pub(crate) fn gently() -> StopHow {
    StopHow {
        signal: StopSignal::Term,
        grace: Duration::from_secs(10),
    }
}

pub(crate) async fn only(actor: &mut Actor) -> Instance {
    let mut instances = actor.instances().await.unwrap();
    assert_eq!(instances.len(), 1, "{instances:?}");
    instances.remove(0)
}

pub(crate) async fn life(actor: &mut Actor) -> Generation {
    let boot_id = Proc::default().boot_id().unwrap();
    generation(&only(actor).await, &boot_id)
}

/// What is down is started, once.
pub(crate) async fn starts_once(world: &impl World) {
    let mut actor = world.actor();
    let before = only(&mut actor).await;
    assert_eq!(before.name, world.instance());
    assert!(!is_up(&before), "{before:?}");
    world.behave("orderly");
    let started = actor.start(world.instance(), &StartHow::default()).await;
    let started = started.unwrap();
    assert!(is_up(&only(&mut actor).await));
    assert_eq!(started.after, life(&mut actor).await, "{}", started.words);
    let pids = world.up();
    let again = actor.start(world.instance(), &StartHow::default()).await;
    assert_eq!(again.unwrap().after, started.after);
    assert_eq!(world.processes(), pids);

    // warrener starts anew and finds it.
    drop(actor);
    let mut actor = world.actor();
    assert_eq!(life(&mut actor).await, started.after);
    let again = actor.start(world.instance(), &StartHow::default()).await;
    let again = again.unwrap();
    assert!(again.words.contains("runs already"), "{}", again.words);
    assert_eq!(world.processes(), pids);
    actor.stop(world.instance(), &gently()).await.unwrap();
}

/// A stop leaves nothing behind, needs no force where none is needed, and is nobody's wish.
pub(crate) async fn stops_whole(world: &impl World) {
    let mut actor = world.actor();
    world.behave("orderly");
    let start = StartHow::default();
    actor.start(world.instance(), &start).await.unwrap();
    world.up();
    let stopped = actor.stop(world.instance(), &gently()).await.unwrap();
    assert!(!stopped.forced, "{}", stopped.words);
    assert_eq!(world.processes(), [0_u32; 0], "{}", stopped.words);
    let down = only(&mut actor).await;
    assert!(!is_up(&down), "{down:?}");
    assert_ne!(down.stopped_by_operator, Some(true), "{down:?}");
    let again = actor.stop(world.instance(), &gently()).await.unwrap();
    assert!(again.words.contains("does not run"), "{}", again.words);
}

/// What is stopped by a signal can be stopped.
pub(crate) async fn stops_the_stopped(world: &impl World) {
    let mut actor = world.actor();
    world.behave("orderly");
    let start = StartHow::default();
    actor.start(world.instance(), &start).await.unwrap();
    for pid in world.up() {
        signal(pid, Signal::STOP);
    }
    let how = StopHow {
        grace: Duration::from_secs(3),
        ..gently()
    };
    let stopped = actor.stop(world.instance(), &how).await.unwrap();
    assert!(!stopped.forced, "{}", stopped.words);
    assert_eq!(world.processes(), [0_u32; 0], "{}", stopped.words);
    let down = only(&mut actor).await;
    assert!(!is_up(&down), "{down:?}");
    assert_ne!(down.stopped_by_operator, Some(true), "{down:?}");
    actor.start(world.instance(), &start).await.unwrap();
    world.up();
    actor.stop(world.instance(), &gently()).await.unwrap();
}

/// What ignores the signal is given its grace, then killed, and that is told.
pub(crate) async fn forces_the_deaf(world: &impl World) {
    let mut actor = world.actor();
    world.behave("deaf");
    let start = StartHow::default();
    actor.start(world.instance(), &start).await.unwrap();
    world.up();
    let how = StopHow {
        grace: Duration::from_millis(700),
        ..gently()
    };
    let since = Instant::now();
    let stopped = actor.stop(world.instance(), &how).await.unwrap();
    assert!(stopped.forced, "{}", stopped.words);
    assert!(since.elapsed() >= how.grace);
    assert_eq!(world.processes(), [0_u32; 0], "{}", stopped.words);
    let down = only(&mut actor).await;
    assert_ne!(down.stopped_by_operator, Some(true), "{down:?}");
}

/// A restart is another life.
pub(crate) async fn restarts_anew(world: &impl World, told: bool) {
    let mut actor = world.actor();
    world.behave("orderly");
    let start = StartHow::default();
    let first = actor.start(world.instance(), &start).await.unwrap();
    let before = world.up();
    let again = actor
        .restart(world.instance(), &gently(), &start)
        .await
        .unwrap();
    assert_eq!(again.after, life(&mut actor).await);
    if told {
        assert_ne!(again.after, first.after, "{}", again.words);
    }
    let after = world.up();
    assert!(after.iter().all(|pid| !before.contains(pid)), "{after:?}");
    actor.stop(world.instance(), &gently()).await.unwrap();
}

/// A start that fails says why.
pub(crate) async fn tells_why_not(world: &impl World, words: &[&str]) {
    let mut actor = world.actor();
    world.behave("fails");
    let start = StartHow::default();
    let failure = actor.start(world.instance(), &start).await.unwrap_err();
    for word in words {
        assert!(failure.message.contains(word), "{word}: {failure}");
    }
    assert!(!is_up(&only(&mut actor).await));
    assert_eq!(world.processes(), [0_u32; 0]);
    world.behave("orderly");
    actor.start(world.instance(), &start).await.unwrap();
    world.up();
    actor.stop(world.instance(), &gently()).await.unwrap();
}

pub(crate) fn signal(pid: u32, signal: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    kill_process(pid, signal).unwrap();
}
