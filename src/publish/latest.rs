//! The newest status in every form that is served: the document and its JSON.

use std::sync::Arc;

use super::status::{Recovery, Status};
use crate::model::Standing;

/// What is known of one instant, for those who show it.
#[derive(Clone, Debug)]
pub struct Latest {
    /// The status.
    pub status: Arc<Status>,
    /// The same as JSON.
    pub json: Arc<str>,
}

impl Latest {
    /// Of this status.
    pub fn new(status: Status) -> Self {
        Latest {
            json: status.to_json().into(),
            status: Arc::new(status),
        }
    }

    /// The status with where recovery stands now: it changes between two assessments.
    pub fn with(&self, standing: &Standing) -> Status {
        Status {
            recovery: Recovery::new(standing),
            ..(*self.status).clone()
        }
    }
}
