//! Logs that fell silent and backups that are being written.

use super::world::{World, codes};
use crate::model::Code;
use crate::model::facts::NamedSize;
use std::time::Duration;

#[test]
fn error_lines_are_kept_in_mind_for_five_minutes() {
    let mut world = World::healthy();
    world.steps(3);
    world.files.logs[0].error_lines = Some(12);
    assert_eq!(codes(&world.step()), [Code::LogErrors]);
    // 5 s each; two clean readings close it.
    assert_eq!(codes(&world.steps(60)), [Code::LogErrors]);
    assert_eq!(codes(&world.steps(3)), []);
    world.files.logs[0].error_lines = Some(20);
    assert_eq!(codes(&world.step()), [], "eight are a mishap");
}

#[test]
fn a_backup_being_written_is_not_broken_yet() {
    let mut world = World::healthy();
    world.steps(3);
    let backup = &mut world.files.backups[0];
    (backup.newest_age, backup.verified) = (Some(Duration::from_secs(1)), None);
    backup.newest = Some(NamedSize {
        path: "backups/b".into(),
        size: 3,
    });
    assert_eq!(codes(&world.steps(5)), []);
    world.files.backups[0].newest_age = Some(Duration::from_secs(60));
    assert_eq!(codes(&world.step()), [Code::BackupBroken]);
}

#[test]
fn without_a_program_size_alone_breaks_and_heals() {
    let mut world = World::healthy();
    let limits = world.config.backups.get_mut("backups/*").unwrap();
    (limits.verified, limits.min_size) = (false, None);
    world.files.backups[0].verified = None;
    assert_eq!(codes(&world.steps(3)), []);
    let newest = |size| {
        Some(NamedSize {
            path: "backups/b".into(),
            size,
        })
    };
    world.files.backups[0].newest = newest(0);
    assert_eq!(codes(&world.step()), [Code::BackupBroken], "it is empty");
    world.files.backups[0].newest = newest(1);
    assert_eq!(codes(&world.steps(2)), []);
}
