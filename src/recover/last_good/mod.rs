//! The last known good: the newest content of an env file that kept its schema, logged in to the
//! broker, and whose workers were well with it for a while.
//!
//! ```text
//! snapshot, assessment ─> decide (pure) ─> keeper (reads the file again) ─> store (disk)
//! ```

mod decide;
mod keeper;
mod store;

pub use decide::{GoodSince, NotKept, is_good};
pub use keeper::{Assessed, Keeper};
pub use store::{Kept, Store};
