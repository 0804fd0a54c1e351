//! Lossless `.env` files: every byte is kept, every value is a [`Secret`](crate::model::Secret).
//!
//! Must not know: probes, repair. It reads, and prints what it read, with another value where it is
//! asked to.

mod edit;
mod key;
mod login;
mod parse;
mod read;
mod schema;
#[cfg(test)]
mod tests;
mod variables;

pub use edit::{Shown, Unwritable};
pub use key::{ContentKey, KEY_BYTES, checksum, path_id};
pub use login::{LogIn, OwnLogin, given_elsewhere, own_login};
pub use parse::{Assignment, Document, Fault, Kind, Piece, Quote};
pub use read::{EnvFileError, MAX_ENV_FILE_BYTES, read, read_with};
pub use schema::violations;
