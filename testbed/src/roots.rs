//! Root folders of other Debian releases, made by `roots.sh`, and how to run inside one.
//!
//! A command in a root runs in a mount namespace of its own: `/proc`, `/dev`, `/sys` and
//! the host's `/tmp` appear inside for it and its children only, and vanish with the last
//! of them. The network and the process table stay the host's.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder that holds the roots, `.roots` at the workspace root when unset.
pub const VARIABLE: &str = "WARRENER_TESTBED_ROOTS";

/// Mounts, then becomes the command: the process keeps its pid through all of it.
const ENTER: &str = r#"
set -e
root=$1; shift
mount -t proc proc "$root/proc" 2>/dev/null || mount --rbind /proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --rbind /tmp "$root/tmp"
mount --rbind . "$root/mnt"
exec chroot "$root" /bin/sh -c 'cd /mnt && exec "$@"' sh "$@"
"#;

/// The root folder of one Debian release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root(PathBuf);

impl Root {
    /// The root at `path`.
    #[must_use]
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A command inside, whose working directory is the caller's, seen as `/mnt`.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new("/usr/bin/unshare");
        command.args(["--mount", "--propagation", "private"]);
        if !rustix::process::geteuid().is_root() {
            command.arg("--map-root-user");
        }
        command
            .args(["/bin/sh", "-c", ENTER, "enter"])
            .arg(&self.0)
            .arg(program);
        command
    }
}

/// The complete root of a release such as `trixie` or `sid`, when `roots.sh` made it.
#[must_use]
pub fn find(release: &str) -> Option<Root> {
    let roots = std::env::var_os(VARIABLE).map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../.roots"),
        PathBuf::from,
    );
    let root = roots.join(release).canonicalize().ok()?;
    root.join(".complete").exists().then_some(Root(root))
}
