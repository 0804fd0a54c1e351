//! The tables, and how an older ledger becomes a newer one: one script per version, applied as a
//! whole.

use rusqlite::{Connection, TransactionBehavior};

/// The script that brings a ledger from the version of its place to the next.
const MIGRATIONS: [&str; 3] = [
    include_str!("schema/1.sql"),
    include_str!("schema/2.sql"),
    include_str!("schema/3.sql"),
];

/// The version that this warrener writes.
pub(super) const VERSION: u32 = MIGRATIONS.len() as u32;

/// The version of a ledger; 0 for a new one.
pub(super) fn version(connection: &Connection) -> Result<u32, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Brings it up to [`VERSION`]. Interrupted, it is as it was before the script that was under way.
pub(super) fn migrate(connection: &mut Connection, from: u32) -> Result<(), rusqlite::Error> {
    let missing = MIGRATIONS.iter().zip(1u32..).skip(from as usize);
    for (script, version) in missing {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(script)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}
