use super::*;
use crate::model::facts::{Pressure, PressureLine};
use tempfile::TempDir;

/// A `/proc` with these files.
fn tree(files: &[(&str, &str)]) -> (TempDir, Proc) {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("pressure")).unwrap();
    for (path, text) in files {
        std::fs::write(root.path().join(path), text).unwrap();
    }
    let mut proc = Proc::at(root.path());
    proc.ticks_per_second = 100;
    (root, proc)
}

const STAT: &str = "cpu  1050 0 200 3000 5 0 7 1 400 0\n\
                    cpu0 525 0 100 1500 5 0 7 1 200 0\n\
                    cpu1 525 0 100 1500 0 0 0 0 200 0\n\
                    intr 1 2 3\nctxt 9\nbtime 1\n";
const MEMINFO: &str = "MemTotal:       16000 kB\nMemFree:  1 kB\nMemAvailable:    4000 kB\n\
                       SwapTotal:       0 kB\nSwapFree:        0 kB\nHugePages_Total:  0\n";
const PSI: &str = "some avg10=1.50 avg60=0.00 avg300=0.00 total=2500000\n\
                   full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n";

#[test]
fn a_whole_tree_is_read() {
    let (_root, proc) = tree(&[
        ("stat", STAT),
        ("meminfo", MEMINFO),
        ("loadavg", "0.50 1.25 2.00 1/234 5678\n"),
        ("uptime", "12.34 20.00\n"),
        ("pressure/memory", PSI),
    ]);
    let facts = proc.host();
    assert_eq!(facts.problems, Vec::<String>::new());
    assert_eq!(facts.cpus, Some(2));
    assert_eq!(facts.cpu_time.len(), 8);
    assert_eq!(facts.cpu_time[0], ("user", Duration::from_millis(10_500)));
    assert_eq!(facts.cpu_time[7], ("steal", Duration::from_millis(10)));
    assert_eq!(facts.load, Some([0.5, 1.25, 2.0]));
    assert_eq!(facts.uptime, Some(Duration::from_millis(12_340)));
    assert_eq!(facts.memory_total, Some(16_384_000));
    assert_eq!(facts.memory_available, Some(4_096_000));
    assert_eq!((facts.swap_total, facts.swap_free), (Some(0), Some(0)));
    let some = PressureLine {
        avg10: 0.015,
        total: Duration::from_millis(2500),
    };
    let full = PressureLine {
        avg10: 0.0,
        total: Duration::from_micros(7),
    };
    let memory = Pressure {
        resource: "memory",
        some: Some(some),
        full: Some(full),
    };
    assert_eq!(facts.pressure, [memory]);
}

#[test]
fn an_old_kernel_tells_less() {
    let (_root, proc) = tree(&[
        ("stat", "cpu 1 2 3 4\ncpu0 1 2 3 4\n"),
        ("meminfo", "MemTotal: 8 kB\n"),
        ("loadavg", "0 0 0 1/2 3\n"),
        ("uptime", "1 1\n"),
    ]);
    let facts = proc.host();
    assert_eq!(facts.problems, Vec::<String>::new());
    assert_eq!(facts.cpu_time.len(), 4);
    assert_eq!(facts.memory_available, None);
    assert_eq!(facts.pressure, []);
}

#[test]
fn nothing_there_is_nothing_and_not_zero() {
    let (_root, proc) = tree(&[]);
    let mut facts = proc.host();
    assert_eq!(facts.problems.len(), 4, "{:?}", facts.problems);
    facts.problems.clear();
    assert_eq!(facts, HostFacts::default());
}

#[test]
fn garbage_is_told_with_its_path_and_line() {
    let (root, proc) = tree(&[
        ("stat", "cpu 1 2 x 4\n"),
        ("meminfo", "MemTotal: 8 kB\nMemAvailable: lots\n"),
        ("loadavg", "0.1 NaN 0.3\n"),
        ("uptime", "-1 0\n"),
        ("pressure/io", "some avg10=900 total=1\n"),
    ]);
    let facts = proc.host();
    assert_eq!(facts.cpu_time, []);
    assert_eq!(facts.load, None);
    assert_eq!(facts.uptime, None);
    assert_eq!(facts.memory_total, Some(8192));
    assert_eq!(facts.memory_available, None);
    assert_eq!(facts.pressure, []);
    let told = facts.problems.join("\n");
    for place in ["stat:1", "meminfo:2", "loadavg:1", "uptime:1", "io:1"] {
        assert!(told.contains(place), "{place} in {told}");
    }
    assert!(told.contains(root.path().to_str().unwrap()));
}

#[test]
fn every_beginning_of_a_file_and_binary_noise_are_survived() {
    let noise: String = (0..4096_u32)
        .filter_map(|n| char::from_u32(n * 7 % 300))
        .collect();
    for (path, text) in [
        ("stat", STAT),
        ("meminfo", MEMINFO),
        ("pressure/cpu", PSI),
        ("stat", noise.as_str()),
        ("meminfo", noise.as_str()),
        ("loadavg", noise.as_str()),
        ("pressure/cpu", noise.as_str()),
    ] {
        for end in (0..text.len())
            .filter(|end| text.is_char_boundary(*end))
            .step_by(5)
        {
            let (_root, proc) = tree(&[(path, &text[..end])]);
            proc.host();
        }
    }
}

#[test]
fn this_machine_is_read() {
    let proc = Proc::default();
    let facts = proc.host();
    assert!(facts.cpus.unwrap() >= 1);
    assert!(facts.memory_available.unwrap() <= facts.memory_total.unwrap());
    let own = facts.own;
    assert!(own.resident_memory.unwrap() <= own.virtual_memory.unwrap());
    assert!(own.fds_open.unwrap() > 2 && own.cpu.is_some());
    let started = std::time::UNIX_EPOCH + own.started.unwrap();
    assert!(started <= std::time::SystemTime::now());
    let disk = proc.disk(Path::new("/"));
    assert_eq!(disk.failure, None);
    assert!(disk.available.unwrap() <= disk.total.unwrap());
}

#[test]
fn the_folder_of_a_process_is_told_where_it_may_be_read() {
    let (root, proc) = tree(&[]);
    for (pid, target) in [("7", "/srv/app"), ("8", "pipe:[1]")] {
        std::fs::create_dir(root.path().join(pid)).unwrap();
        std::os::unix::fs::symlink(target, root.path().join(pid).join("cwd")).unwrap();
    }
    assert_eq!(proc.working_folder(7), Some("/srv/app".into()));
    assert_eq!(proc.working_folder(8), None);
    assert_eq!(proc.working_folder(9), None);
    let own = Proc::default().working_folder(std::process::id());
    assert_eq!(own, std::env::current_dir().ok());
}

#[test]
fn a_disk_that_is_not_there_says_so() {
    let disk = Proc::default().disk(Path::new("/no/such/mount"));
    assert!(disk.failure.unwrap().contains("No such file"));
    assert_eq!(disk.total, None);
    // `/proc` is a file system without blocks and without inodes.
    let proc = Proc::default().disk(Path::new("/proc"));
    assert_eq!((proc.failure, proc.inodes_total), (None, None));
}
