//! The whole story of one run, as the ledger has it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::learn;
use super::ledger::{Ledger, LedgerError};
use crate::model::{Incident, Run, RunId, Step};

/// So much of the time around an incident is looked at for what is known of its kind.
const YEAR: Duration = Duration::from_secs(365 * 86_400);

/// A run with everything about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    /// The run.
    pub run: Run,
    /// Its incident, where it is still known.
    pub incident: Option<Incident>,
    /// Its steps, in order.
    pub steps: Vec<Step>,
    /// What is known of such incidents: how often what was done about them helped, and how often they
    /// ended by themselves. Advice, in words.
    pub advice: Vec<String>,
}

impl Whole {
    /// The run of this number in `ledger`, whole; `None` when there is none.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn read(ledger: &Ledger, id: RunId) -> Result<Option<Self>, LedgerError> {
        let Some(run) = ledger.run(id)? else {
            return Ok(None);
        };
        let steps = ledger.steps(id)?;
        let incident = ledger.incident(run.incident)?;
        let advice = match &incident {
            Some(incident) => advice(ledger, incident)?,
            None => Vec::new(),
        };
        Ok(Some(Whole {
            run,
            incident,
            steps,
            advice,
        }))
    }
}

/// What the year around an incident tells of its kind.
fn advice(ledger: &Ledger, incident: &Incident) -> Result<Vec<String>, LedgerError> {
    let at = incident.opened_at;
    let runs = ledger.runs_between(at.before(YEAR), at.after(YEAR))?;
    let code = incident.key.code.to_string();
    let helped = learn::outcomes(&runs);
    let own = helped.iter().filter(|one| one.code == code);
    Ok(own.map(learn::Helped::words).collect())
}
