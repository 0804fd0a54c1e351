//! Keyed hashes of contents: equal contents are told to be equal, and nothing else about them. An
//! env file is short and full of guessable values, so that an unkeyed hash would give them away.

use std::fmt;
use std::path::Path;

use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, hmac};

use crate::model::facts::ContentHash;

/// The bytes of a key.
pub const KEY_BYTES: usize = 32;

/// The key of the hashes; HMAC-SHA-256.
#[derive(Clone)]
pub struct ContentKey(hmac::Key);

impl ContentKey {
    /// The key of these bytes.
    pub fn new(bytes: &[u8; KEY_BYTES]) -> Self {
        ContentKey(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// Bytes for a key that nobody else has; `None` where the system has no randomness to give.
    pub fn random_bytes() -> Option<[u8; KEY_BYTES]> {
        let mut bytes = [0; KEY_BYTES];
        SystemRandom::new().fill(&mut bytes).ok()?;
        Some(bytes)
    }

    /// The hash of a content.
    pub fn hash(&self, content: &[u8]) -> ContentHash {
        let tag = hmac::sign(&self.0, content);
        let mut hash = [0; 32];
        hash.copy_from_slice(tag.as_ref());
        ContentHash(hash)
    }
}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey")
    }
}

/// The SHA-256 of a content, in hexadecimal: whether it is whole. It may stand only where the content
/// itself may.
pub fn checksum(content: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, content).as_ref())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A file name for what is kept about the file at `path`: the same in every version.
pub fn path_id(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt;
    let digest = digest::digest(&digest::SHA256, path.as_os_str().as_bytes());
    hex(&digest.as_ref()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_contents_have_equal_hashes_under_one_key_only() {
        let [one, two] = [1, 2].map(|b| ContentKey::new(&[b; KEY_BYTES]));
        assert_eq!(one.hash(b"A=1"), one.hash(b"A=1"));
        assert_ne!(one.hash(b"A=1"), one.hash(b"A=2"));
        assert_ne!(one.hash(b"A=1"), two.hash(b"A=1"));
        assert_ne!(ContentKey::random_bytes(), ContentKey::random_bytes());
        assert_eq!(path_id(Path::new("/srv/.env")).len(), 24);
        assert_ne!(path_id(Path::new("/a")), path_id(Path::new("/b")));
    }
}
