//! One file system, by `statvfs`.

use std::path::Path;

use rustix::fs::{StatVfsMountFlags, statvfs};

use crate::model::facts::DiskFacts;

pub(super) fn read(path: &Path) -> DiskFacts {
    let mut facts = DiskFacts {
        path: path.display().to_string(),
        ..DiskFacts::default()
    };
    let found = match statvfs(path) {
        Ok(found) => found,
        Err(error) => {
            facts.failure = Some(error.to_string());
            return facts;
        }
    };
    let bytes = |blocks: u64| blocks.checked_mul(found.f_frsize);
    facts.total = bytes(found.f_blocks);
    facts.available = bytes(found.f_bavail);
    if found.f_files > 0 {
        facts.inodes_total = Some(found.f_files);
        facts.inodes_free = Some(found.f_favail);
    }
    facts.read_only = Some(found.f_flag.contains(StatVfsMountFlags::RDONLY));
    facts
}
