//! What the engine says of one container, and what that means. Pure.

use bollard::models::{
    ContainerInspectResponse, ContainerState, ContainerStateStatusEnum as Status,
};

use crate::platform::observe::{Instance, InstanceState};

/// Exit codes above are those of a signal, as shells count; the highest signal is 64.
const SIGNALS: i32 = 128;

/// The instance that a container is, by the name it is asked for; `stopped` is what its events
/// say of its end.
pub(super) fn instance(
    name: &str,
    inspected: &ContainerInspectResponse,
    stopped: Option<bool>,
) -> Instance {
    let nothing = ContainerState::default();
    let state = inspected.state.as_ref().unwrap_or(&nothing);
    let status = state.status.unwrap_or(Status::EMPTY);
    let exit = state.exit_code.and_then(|code| i32::try_from(code).ok());
    let failed = exit != Some(0) || state.oom_killed == Some(true);
    let how_far = match status {
        Status::RUNNING | Status::PAUSED => InstanceState::Running,
        Status::RESTARTING => InstanceState::Starting,
        Status::REMOVING => InstanceState::Stopping,
        Status::DEAD => InstanceState::Failed,
        Status::EXITED if failed && stopped != Some(true) => InstanceState::Failed,
        Status::EXITED | Status::CREATED | Status::STOPPING => InstanceState::Stopped,
        Status::EMPTY => InstanceState::Unknown,
    };
    let on_purpose = match status {
        // Frozen by `docker pause`; nothing else pauses.
        Status::PAUSED => Some(true),
        Status::RUNNING | Status::RESTARTING => Some(false),
        Status::EXITED | Status::DEAD if state.oom_killed == Some(true) => Some(false),
        Status::EXITED | Status::DEAD => stopped,
        _ => None,
    };
    let id = inspected.id.clone();
    let ended = matches!(status, Status::EXITED | Status::DEAD | Status::RESTARTING);
    Instance {
        name: name.to_owned(),
        state: how_far,
        main_pid: state
            .pid
            .and_then(|pid| u32::try_from(pid).ok())
            .filter(|pid| *pid != 0),
        // Those that `docker exec` started would be among them, such as a health check's, which
        // are no workers: its own are the main process's descendants.
        pids: None,
        unit: None,
        cgroup: None,
        generation: id
            .as_ref()
            .zip(state.started_at.as_ref())
            .map(|(id, start)| format!("{id} {start}")),
        container: id,
        stopped_by_operator: on_purpose,
        last_exit: exit.filter(|_| ended).map(signed),
    }
}

/// The engine's 137 is SIGKILL.
fn signed(code: i32) -> i32 {
    match code - SIGNALS {
        signal @ 1..=64 => -signal,
        _ => code,
    }
}
