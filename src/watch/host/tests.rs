use super::*;
use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::Receiver;
use std::time::Instant;

/// A machine whose disk `/dead` hangs until the gate's sender is dropped.
struct Machine {
    facts: HostFacts,
    gate: Mutex<Receiver<()>>,
}

impl ObserveHost for Machine {
    fn host(&self) -> HostFacts {
        self.facts.clone()
    }

    fn disk(&self, path: &Path) -> DiskFacts {
        if path == Path::new("/dead") {
            self.gate.lock().unwrap().recv().ok();
        }
        DiskFacts {
            path: path.display().to_string(),
            total: Some(1),
            ..DiskFacts::default()
        }
    }
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

#[tokio::test]
async fn a_hung_mount_holds_up_nobody_and_costs_one_thread() {
    let (release, gate) = std::sync::mpsc::channel();
    let facts = HostFacts {
        cpus: Some(1),
        load: Some([0.0; 3]),
        ..HostFacts::default()
    };
    let gate = Mutex::new(gate);
    let machine = Arc::new(Machine { facts, gate });
    let disks = ["/dead", "/alive"].map(PathBuf::from);
    let mut probe = HostProbe::new(machine, disks);
    let before = threads();
    let begun = Instant::now();
    for _ in 0..50 {
        let facts = probe.read().await.unwrap();
        assert_eq!(facts.cpus, Some(1));
        assert_eq!(facts.disks[0].path, "/dead");
        assert!(facts.disks[0].failure.as_ref().unwrap().contains("waiting"));
        assert_eq!(facts.disks[0].total, None);
        assert_eq!(facts.disks[1].total, Some(1));
    }
    assert!(begun.elapsed() < 40 * PATIENCE, "only the first one waits");
    // Other tests of this binary have threads too.
    assert!(threads() < before + 30, "{} -> {}", before, threads());
    drop(release);
    while probe.read().await.unwrap().disks[0].failure.is_some() {}
}

#[tokio::test]
async fn a_machine_that_tells_nothing_is_a_failure() {
    let facts = HostFacts {
        problems: vec!["/proc/stat: no such file".to_owned()],
        ..HostFacts::default()
    };
    let gate = Mutex::new(std::sync::mpsc::channel().1);
    let mut probe = HostProbe::new(Arc::new(Machine { facts, gate }), []);
    let failure = probe.read().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Io);
    assert!(failure.message.contains("/proc/stat"));
}
