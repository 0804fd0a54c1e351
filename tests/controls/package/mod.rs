//! The Debian package's whole life on a real systemd, beside Debian's own RabbitMQ, Prometheus and
//! Alertmanager, as `apt-get` and an administrator lead it. `make package` makes what is tried.

#![expect(clippy::print_stdout, reason = "the measures are for people")]

mod site;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;

use testbed::Systemd;

use self::site::{CONFIG, Site, WORKER};

/// Where `make package` leaves it, or what `WARRENER_DEB` names.
fn package() -> PathBuf {
    let made = || {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/target/debian");
        let files = std::fs::read_dir(folder).ok()?;
        let paths = files.filter_map(|file| Some(file.ok()?.path()));
        paths
            .filter(|path| path.extension().is_some_and(|e| e == "deb"))
            .max()
    };
    let named = std::env::var_os("WARRENER_DEB").map(PathBuf::from);
    named
        .or_else(made)
        .expect("a package: make package, or WARRENER_DEB")
}

/// What is no package's own, or of those that run.
const ELSEWHERE: &str = "/proc /sys /run /dev /tmp /root /var/log /var/cache /var/tmp /var/lib/rabbitmq \
    /var/lib/dpkg /var/lib/apt /var/lib/systemd";

/// Every other file.
fn files(booted: &Systemd) -> BTreeSet<String> {
    let but: Vec<_> = ELSEWHERE.split_whitespace().collect();
    let but = but.join(" -o -path ");
    let find = format!("find / -xdev \\( -path {but} \\) -prune -o -print");
    let all = booted.run("sh", &["-c", &find]).unwrap();
    all.lines().map(str::to_owned).collect()
}

fn apt(booted: &Systemd, args: &[&str]) -> String {
    let quiet = [
        "DEBIAN_FRONTEND=noninteractive",
        "LC_ALL=C",
        "apt-get",
        "-q",
        "-y",
    ];
    booted.run("env", &[&quiet, args].concat()).unwrap()
}

/// The same package as a later revision.
fn later(booted: &Systemd) {
    let again = "set -e; cd /root; dpkg-deb -R warrener.deb later; \
        sed -i 's/^Version: .*/&+later/' later/DEBIAN/control; \
        echo '# a later comment' >>later/etc/default/warrener; \
        (cd later && find . -type f ! -path './DEBIAN/*' -printf '%P\\0' | sort -z | xargs -0 md5sum) \
            >later/DEBIAN/md5sums; \
        dpkg-deb --root-owner-group -b later later.deb";
    booted.run("sh", &["-c", again]).unwrap();
}

#[test]
#[ignore = "boots a container with the package in it, as root: make package-test"]
fn a_package_is_installed_works_is_upgraded_and_leaves_nothing() {
    let booted = Systemd::boot_apart().unwrap();
    booted.install(&package(), "root/warrener.deb").unwrap();
    booted.run("rm", &["-f", "/usr/sbin/policy-rc.d"]).unwrap();
    let before = files(&booted);
    let begun = Instant::now();
    apt(
        &booted,
        &["install", "--no-install-recommends", "/root/warrener.deb"],
    );
    println!("installed after {:.1} s", begun.elapsed().as_secs_f64());
    installed(&booted);

    let site = Site::start(booted);
    let run = site.repaired("by the rule, Alertmanager and its webhook");
    frozen(&site);
    let booted = &site.booted;

    later(booted);
    let changed = format!("{}# mine\n", booted.read(CONFIG).unwrap());
    booted.write(CONFIG, &changed).unwrap();
    let life = booted.show("warrener.service", "InvocationID").unwrap();
    apt(booted, &["install", "/root/later.deb"]);
    assert_eq!(
        booted.read(CONFIG).unwrap(),
        changed,
        "an upgrade keeps the configuration"
    );
    site.serves();
    assert_ne!(
        booted.show("warrener.service", "InvocationID").unwrap(),
        life,
        "it runs the new one"
    );
    assert!(
        site.runs().iter().any(|one| one["id"] == run),
        "an upgrade keeps the ledger"
    );
    assert_eq!(booted.show(WORKER, "ActiveState").unwrap(), "active");

    apt(booted, &["remove", "warrener"]);
    assert!(
        booted
            .systemctl(&["is-active", "warrener.service"])
            .is_err()
    );
    assert!(booted.read("usr/bin/warrener").is_err());
    assert_eq!(
        booted.read(CONFIG).unwrap(),
        changed,
        "removal keeps the configuration"
    );
    assert!(
        !booted.run("ls", &["/var/lib/warrener"]).unwrap().is_empty(),
        "and the state"
    );

    apt(booted, &["purge", "warrener"]);
    site.clear();
    let left: Vec<_> = files(booted).difference(&before).cloned().collect();
    // Of the account, which stays.
    let left: Vec<_> = left.iter().filter(|path| !site.is_own(path)).collect();
    assert!(left.is_empty(), "left behind: {left:#?}");
}

/// A warrener that does nothing any more is ended and started again by systemd.
fn frozen(site: &Site) {
    let booted = &site.booted;
    let life = |unit| booted.show(unit, "InvocationID").unwrap();
    let (before, worker) = (life("warrener.service"), life(WORKER));
    let begun = Instant::now();
    let stop = ["kill", "--kill-whom=main", "--signal=STOP"];
    booted
        .systemctl(&[&stop[..], &["warrener.service"]].concat())
        .unwrap();
    site.wait("another warrener in a frozen one's place", || {
        (life("warrener.service") != before).then_some(())
    });
    site.serves();
    println!(
        "frozen: systemd has another serve after {:.1} s",
        begun.elapsed().as_secs_f64()
    );
    let restarts = booted.show("warrener.service", "NRestarts").unwrap();
    assert_eq!(restarts, "1");
    let told = booted.run("journalctl", &["--no-pager", "--unit=warrener.service"]);
    assert!(told.unwrap().contains("Watchdog timeout"));
    assert_eq!(life(WORKER), worker, "nobody else is disturbed");
    site.well();
}

/// As it is when `apt-get` is done.
fn installed(booted: &Systemd) {
    for (property, wanted) in [
        ("ActiveState", "active"),
        ("UnitFileState", "enabled"),
        ("User", "warrener"),
        ("Type", "notify"),
        ("NotifyAccess", "main"),
        ("KillMode", "process"),
    ] {
        let told = booted.show("warrener.service", property).unwrap();
        assert_eq!(told, wanted, "{property}");
    }
    booted
        .run(
            "warrener",
            &["check", "--config.file", "/etc/warrener/warrener.yml"],
        )
        .unwrap();
    let pages = booted
        .run("sh", &["-c", "ls /usr/share/man/man1/warrener*"])
        .unwrap();
    assert!(pages.contains("warrener-serve.1.gz"), "{pages}");
    for shell in [
        "bash-completion/completions/warrener",
        "zsh/vendor-completions/_warrener",
        "fish/vendor_completions.d/warrener.fish",
    ] {
        let text = booted.read(&format!("usr/share/{shell}")).unwrap();
        assert!(text.contains("recover"), "{shell}");
    }
    let security = booted.run(
        "systemd-analyze",
        &["security", "--no-pager", "warrener.service"],
    );
    let security = security.unwrap();
    let told = security
        .lines()
        .find(|line| line.contains("Overall exposure level"));
    let told = told.unwrap_or_else(|| panic!("{security}"));
    println!("{told}");
    let level = told
        .split(':')
        .nth(1)
        .and_then(|rest| rest.trim().split(' ').next()?.parse().ok());
    assert!(level.is_some_and(|level: f64| level <= 2.0), "{security}");
}
