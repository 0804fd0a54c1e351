//! What systemd tells of one service unit, and what that means. Pure.
//!
//! Whether a person stopped a unit shows in the order of two times that systemd keeps of its last
//! run: a process that ends by itself ends *before* the unit leaves `active`; where the unit left
//! `active` first, systemd was asked to stop it.

use std::collections::HashMap;

use zbus::OwnedVariant;

use crate::platform::observe::{Instance, InstanceState};

/// `CLD_EXITED`: the main process ended with an exit code; the other codes tell of a signal.
const EXITED: i32 = 1;
/// `RuntimeMaxUSec` of a unit that may run for ever.
const FOR_EVER: u64 = u64::MAX;

/// The properties of a unit that count, as its interfaces `Unit` and `Service` name them. Times
/// are µs of the monotonic clock; 0 is never.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unit {
    pub(super) load_state: String,
    pub(super) active_state: String,
    pub(super) sub_state: String,
    pub(super) result: String,
    pub(super) invocation: Vec<u8>,
    pub(super) control_group: String,
    pub(super) main_pid: u32,
    pub(super) main_started: u64,
    pub(super) main_ended: u64,
    pub(super) left_active: u64,
    pub(super) exit_code: i32,
    pub(super) exit_status: i32,
    pub(super) runtime_max: u64,
}

/// Some properties by their names: all of them, or those that changed.
pub(super) type Properties = HashMap<String, OwnedVariant>;

impl Unit {
    /// Enters the properties that are there. Those of a unit that systemd has forgotten and loaded
    /// anew say 0 for its last run: they are not news of that run.
    pub(super) fn take(&mut self, properties: &Properties) {
        let text = |name: &str, into: &mut String| {
            if let Some(value) = property::<&str>(properties, name) {
                value.clone_into(into);
            }
        };
        let time = |name: &str, into: &mut u64| {
            if let Some(value) = property(properties, name).filter(|value| *value != 0) {
                *into = value;
            }
        };
        text("LoadState", &mut self.load_state);
        text("ActiveState", &mut self.active_state);
        text("SubState", &mut self.sub_state);
        text("ControlGroup", &mut self.control_group);
        time("ActiveExitTimestampMonotonic", &mut self.left_active);
        let invocation = properties.get("InvocationID").map(bytes);
        self.invocation = invocation.unwrap_or(std::mem::take(&mut self.invocation));
        let started = property(properties, "ExecMainStartTimestampMonotonic");
        if started == Some(0_u64) && self.main_started != 0 {
            return;
        }
        text("Result", &mut self.result);
        time("ExecMainStartTimestampMonotonic", &mut self.main_started);
        time("ExecMainExitTimestampMonotonic", &mut self.main_ended);
        time("RuntimeMaxUSec", &mut self.runtime_max);
        self.exit_code = property(properties, "ExecMainCode").unwrap_or(self.exit_code);
        self.exit_status = property(properties, "ExecMainStatus").unwrap_or(self.exit_status);
        self.main_pid = property(properties, "MainPID").unwrap_or(self.main_pid);
    }

    /// How far it is.
    pub(super) fn state(&self) -> InstanceState {
        match (self.load_state.as_str(), self.active_state.as_str()) {
            ("not-found", "inactive" | "") => InstanceState::Unknown,
            ("error" | "bad-setting", "inactive") => InstanceState::Failed,
            // Its process ended, and `RemainAfterExit=` keeps the unit active.
            (_, "active") if self.sub_state == "exited" => InstanceState::Stopped,
            (_, "active" | "reloading" | "refreshing") => InstanceState::Running,
            (_, "activating") => InstanceState::Starting,
            (_, "deactivating") => InstanceState::Stopping,
            (_, "failed") => InstanceState::Failed,
            _ => InstanceState::Stopped,
        }
    }

    /// Whether its main process has run and ended.
    fn ended(&self) -> bool {
        self.main_started != 0 && self.main_ended >= self.main_started
    }

    /// Whether systemd was asked to stop it, of a unit that is down; `None` where nothing is left
    /// of its last run.
    fn stopped_on_purpose(&self) -> Option<bool> {
        if self.load_state == "masked" {
            return Some(true);
        }
        if !self.ended() {
            // It never ran: failed is a failed start, anything else was never started, or is
            // forgotten.
            return (self.active_state == "failed").then_some(false);
        }
        match self.result.as_str() {
            "watchdog" | "oom-kill" | "start-limit-hit" | "protocol" | "resources"
            | "exec-condition" => return Some(false),
            // systemd calls a failed unit failed, unless it was stopped while it waited for its
            // next start.
            result if result != "success" && self.active_state == "inactive" => return Some(true),
            _ => {}
        }
        if self.left_active < self.main_started {
            // It ended while it was starting, and never was active in this life.
            return Some(self.result == "success");
        }
        let asked = self.left_active < self.main_ended;
        // Too slow to stop, or its `RuntimeMaxSec=` was over: the same result.
        if asked && self.result == "timeout" && !matches!(self.runtime_max, 0 | FOR_EVER) {
            return None;
        }
        Some(asked)
    }

    /// Exit status of its last end; negative: minus the signal.
    pub(super) fn last_exit(&self) -> Option<i32> {
        let status = match self.exit_code {
            0 => return None,
            EXITED => self.exit_status,
            _ => -self.exit_status,
        };
        self.ended().then_some(status)
    }

    /// What this unit is; `before` is what was seen of it earlier, for one that systemd has
    /// forgotten: it forgets what is down, has not failed and nothing else refers to.
    pub(super) fn instance(
        &self,
        name: &str,
        pids: Option<Vec<u32>>,
        before: Option<&Unit>,
    ) -> Instance {
        let state = self.state();
        let forgotten = self.main_started == 0 && state == InstanceState::Stopped;
        // What was seen may not yet tell of the end.
        let before = before.filter(|unit| forgotten && unit.is_down() && unit.ended());
        let last = before.map_or(self, |unit| unit);
        let on_purpose = match state {
            InstanceState::Running | InstanceState::Starting => Some(false),
            InstanceState::Stopping | InstanceState::Unknown => None,
            InstanceState::Stopped | InstanceState::Failed => last.stopped_on_purpose(),
        };
        Instance {
            name: name.to_owned(),
            state,
            main_pid: (self.main_pid != 0).then_some(self.main_pid),
            pids,
            unit: (state != InstanceState::Unknown).then(|| name.to_owned()),
            cgroup: (!self.control_group.is_empty()).then(|| self.control_group.clone()),
            container: None,
            generation: (!last.invocation.is_empty()).then(|| hex(&last.invocation)),
            stopped_by_operator: on_purpose,
            last_exit: last.last_exit(),
        }
    }

    fn is_down(&self) -> bool {
        matches!(self.active_state.as_str(), "inactive" | "failed")
    }
}

/// As systemd's tools write an id.
pub(super) fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A property of a plain type, where it is there and is one.
fn property<'a, T: TryFrom<&'a OwnedVariant>>(properties: &'a Properties, name: &str) -> Option<T> {
    T::try_from(properties.get(name)?).ok()
}

/// Empty where it is no array of bytes.
fn bytes(value: &OwnedVariant) -> Vec<u8> {
    let bytes = value.try_clone().and_then(Vec::try_from);
    bytes.unwrap_or_default()
}
