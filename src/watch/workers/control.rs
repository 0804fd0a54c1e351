//! What a worker's control says of its instances: units, containers, records, a status program.

use std::path::Path;

use crate::config::Control;
use crate::model::{Failure, Reason};
use crate::platform::observe::Instance;

/// Asks one worker's control.
#[derive(Debug)]
pub(super) struct ControlWatch {
    control: Control,
}

impl ControlWatch {
    /// `state` is the state directory, in which the process control keeps its records.
    pub(super) fn new(_worker: &str, control: &Control, _state: &Path) -> Self {
        ControlWatch {
            control: control.clone(),
        }
    }

    /// The instances as the control knows them now, in the order of the configuration.
    pub(super) async fn instances(&mut self) -> Result<Vec<Instance>, Failure> {
        let message = format!("{:?} can't be asked yet", self.control);
        Err(Failure::new(Reason::Unsupported, message))
    }

    /// Ends when the control says that an instance began, ended or changed; may be dropped at any
    /// time. Pending for ever where it says nothing by itself.
    pub(super) async fn changed(&mut self) {
        std::future::pending().await
    }
}
