use bollard::models::{ContainerState, ContainerStateStatusEnum as Status};

use super::*;

fn inspected(state: ContainerState) -> ContainerInspectResponse {
    ContainerInspectResponse {
        id: Some("c0ffee".into()),
        state: Some(state),
        ..ContainerInspectResponse::default()
    }
}

fn ended(exit_code: i64, oom_killed: bool) -> ContainerInspectResponse {
    inspected(ContainerState {
        status: Some(Status::EXITED),
        pid: Some(0),
        exit_code: Some(exit_code),
        oom_killed: Some(oom_killed),
        started_at: Some("2026-01-01T00:00:00Z".into()),
        ..ContainerState::default()
    })
}

#[test]
fn an_end_is_judged_by_its_exit_and_by_who_asked_for_it() {
    for (exit, oom, stopped, state, on_purpose, last_exit) in [
        (0, false, Some(true), InstanceState::Stopped, Some(true), 0),
        (
            137,
            false,
            Some(true),
            InstanceState::Stopped,
            Some(true),
            -9,
        ),
        (
            137,
            false,
            Some(false),
            InstanceState::Failed,
            Some(false),
            -9,
        ),
        (
            0,
            false,
            Some(false),
            InstanceState::Stopped,
            Some(false),
            0,
        ),
        (1, false, None, InstanceState::Failed, None, 1),
        (0, false, None, InstanceState::Stopped, None, 0),
        // The kernel ended it, whoever was about to.
        (137, true, None, InstanceState::Failed, Some(false), -9),
        (
            255,
            false,
            Some(false),
            InstanceState::Failed,
            Some(false),
            255,
        ),
    ] {
        let seen = instance("w", &ended(exit, oom), stopped);
        assert_eq!(seen.state, state, "{exit} {oom} {stopped:?}");
        assert_eq!(
            seen.stopped_by_operator, on_purpose,
            "{exit} {oom} {stopped:?}"
        );
        assert_eq!((seen.last_exit, seen.main_pid), (Some(last_exit), None));
        assert_eq!(
            seen.generation.as_deref(),
            Some("c0ffee 2026-01-01T00:00:00Z")
        );
    }
}

#[test]
fn each_status_has_its_state() {
    for (status, state, on_purpose) in [
        (Status::CREATED, InstanceState::Stopped, None),
        (Status::RUNNING, InstanceState::Running, Some(false)),
        (Status::PAUSED, InstanceState::Running, Some(true)),
        (Status::RESTARTING, InstanceState::Starting, Some(false)),
        (Status::REMOVING, InstanceState::Stopping, None),
        (Status::DEAD, InstanceState::Failed, None),
    ] {
        let seen = inspected(ContainerState {
            status: Some(status),
            pid: Some(7),
            ..ContainerState::default()
        });
        let seen = instance("w", &seen, None);
        assert_eq!(
            (seen.state, seen.stopped_by_operator),
            (state, on_purpose),
            "{status}"
        );
        assert_eq!(seen.main_pid, Some(7));
    }
    // Nothing was said.
    let seen = instance("w", &ContainerInspectResponse::default(), None);
    assert_eq!(
        (seen.state, seen.generation),
        (InstanceState::Unknown, None)
    );
}

fn summary(labels: &[(&str, &str)]) -> ContainerSummary {
    let labels = labels.iter();
    let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    ContainerSummary {
        labels: Some(labels.collect()),
        ..ContainerSummary::default()
    }
}

#[tokio::test]
async fn a_service_belongs_to_its_folder() {
    let folder = Path::new("/srv/My.Shop");
    for (labels, expected) in [
        (&[(FOLDER, "/srv/My.Shop"), (PROJECT, "other")][..], true),
        (&[(FOLDER, "/srv/else"), (PROJECT, "myshop")], false),
        (&[(PROJECT, "myshop")], true),
        (&[(PROJECT, "shop")], false),
        (&[], false),
        (&[(FOLDER, "/srv/My.Shop"), (ONE_OFF, "True")], false),
        (&[(FOLDER, "/srv/My.Shop"), (ONE_OFF, "False")], true),
    ] {
        assert_eq!(
            belongs(&summary(labels), folder).await,
            expected,
            "{labels:?}"
        );
    }
}

#[tokio::test]
async fn no_engine_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let host = format!("unix://{}", socket.display());
    let named = || Docker::new(Containers::Named(vec!["w".into()]));
    let failure = named().at(&host).instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unsupported);
    assert!(failure.message.contains("DOCKER_HOST"), "{failure}");

    // A socket that nobody listens on any more, and one whose engine is silent.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let failure = named().at(&host).instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Refused, "{failure}");
    std::fs::remove_file(&socket).unwrap();
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut silent = named().at(&host);
    silent.deadline = Duration::from_millis(50);
    let failure = silent.instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Timeout, "{failure}");

    let failure = named().at("ssh://elsewhere").instances().await.unwrap_err();
    assert_eq!(failure.reason, Reason::Unsupported, "{failure}");
}
