//! What a folder held open promises.

use super::*;
use std::os::unix::fs::{PermissionsExt, symlink};

fn folder() -> (tempfile::TempDir, Folder) {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::open(&dir.path().canonicalize().unwrap()).unwrap();
    (dir, folder)
}

#[test]
fn a_file_is_replaced_with_its_mode_and_nothing_is_left_beside() {
    let (dir, folder) = folder();
    let path = dir.path().join(".env");
    std::fs::write(&path, "old").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    let (bytes, access) = folder.read(".env".as_ref(), 10).unwrap();
    assert_eq!((bytes.as_slice(), access.mode), (&b"old"[..], 0o640));
    folder.replace(".env".as_ref(), b"new", &access).unwrap();
    assert_eq!(
        folder.read(".env".as_ref(), 10).unwrap(),
        (b"new".to_vec(), access)
    );
    assert_eq!(folder.names().unwrap(), [".env"]);
    assert!(folder.read(".env".as_ref(), 2).is_err());
}

#[test]
fn what_a_killed_process_left_beside_is_cleared_and_nothing_else() {
    let (dir, folder) = folder();
    let left = beside(".env".as_ref());
    let others = [
        ".env",
        "..env.1-x.warrener",
        "..env.local.1-2.warrener",
        "a.warrener",
    ];
    for name in others
        .into_iter()
        .chain([left.as_str(), "..env.77-0.warrener"])
    {
        std::fs::write(dir.path().join(name), "PASS=x").unwrap();
    }
    folder.clear_beside(".env".as_ref()).unwrap();
    let mut expected = others.map(str::to_owned);
    expected.sort();
    assert_eq!(folder.names().unwrap(), expected);
}

#[test]
fn a_new_file_does_not_take_over_what_its_folder_gives_to_others() {
    let (dir, folder) = folder();
    // Version 2; user, user 65534, group, mask and others, as the system keeps such a list.
    let entry = |tag: u16, bits: u16, id: u32| {
        let mut bytes = Vec::from(tag.to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(id.to_le_bytes());
        bytes
    };
    let none = u32::MAX;
    let mut list = Vec::from(2u32.to_le_bytes());
    for (tag, bits, id) in [
        (0x01, 7, none),
        (0x02, 4, 65534),
        (0x04, 0, none),
        (0x10, 7, none),
        (0x20, 0, none),
    ] {
        list.extend(entry(tag, bits, id));
    }
    let folders = File::open(dir.path()).unwrap();
    let set = fsetxattr(
        &folders,
        "system.posix_acl_default",
        &list,
        XattrFlags::empty(),
    );
    if set == Err(Errno::OPNOTSUPP) {
        // This file system has no such lists: nothing can be taken over.
        return;
    }
    set.unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    assert!(
        Rights::of(&File::open(&plain).unwrap())
            .unwrap()
            .acl
            .is_some()
    );
    folder
        .replace(".env".as_ref(), b"PASS=x", &Rights::private())
        .unwrap();
    assert_eq!(
        folder.read(".env".as_ref(), 10).unwrap().1,
        Rights::private()
    );
}

#[test]
fn no_symlink_is_followed() {
    let (dir, folder) = folder();
    let other = tempfile::tempdir().unwrap();
    let secret = other.path().join("secret");
    std::fs::write(&secret, "x").unwrap();
    symlink(&secret, dir.path().join(".env")).unwrap();
    symlink(other.path(), dir.path().join("sub")).unwrap();
    assert!(folder.read(".env".as_ref(), 10).is_err());
    assert!(Folder::open(&folder.path().join("sub")).is_err());
    // Replacing takes the link's place; where it led stays as it was.
    folder
        .replace(".env".as_ref(), b"new", &Rights::private())
        .unwrap();
    assert_eq!(std::fs::read(&secret).unwrap(), b"x");
    assert_eq!(folder.read(".env".as_ref(), 10).unwrap().0, b"new");
}

#[test]
fn an_owner_that_can_not_be_kept_is_told_and_the_old_file_stays() {
    let (dir, folder) = folder();
    std::fs::write(dir.path().join(".env"), "old").unwrap();
    // Bits that are no access control list: the system refuses them, as it refuses a foreign
    // owner to one who is not root.
    let odd = Rights {
        acl: Some(b"no list".to_vec()),
        ..Rights::private()
    };
    let refused = folder.replace(".env".as_ref(), b"new", &odd);
    assert!(matches!(refused, Err(ReplaceError::Rights(_))));
    assert_eq!(std::fs::read(dir.path().join(".env")).unwrap(), b"old");
    assert_eq!(folder.names().unwrap(), [".env"]);
}
