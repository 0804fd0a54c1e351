//! A restart is another life with the same environment.

use super::*;

#[tokio::test]
async fn a_restart_gives_the_environment_too() {
    let dir = tempfile::tempdir().unwrap();
    let spec = spec(&dir, "echo $GIVEN >> seen; exec sleep 600");
    let mut actor = actor(&spec);
    let how = StartHow {
        environment: vec![("GIVEN".into(), Secret::from("a value"))],
        anew: false,
    };
    actor.start("task.0", &how).await.unwrap();
    let seen = dir.path().join("seen");
    let told = seen.clone();
    until("the first to tell", move || told.exists()).await;
    actor.restart("task.0", &gently(), &how).await.unwrap();
    until("both to tell", move || {
        fs::read_to_string(&seen).is_ok_and(|text| text == "a value\na value\n")
    })
    .await;
    actor.stop("task.0", &gently()).await.unwrap();
}

#[tokio::test]
async fn acting_may_move_between_threads() {
    fn moves<T: Send>(_: T) {}
    let dir = tempfile::tempdir().unwrap();
    moves(actor(&spec(&dir, "")).restart("task.0", &gently(), &StartHow::default()));
}
