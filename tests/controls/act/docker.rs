//! The promises, kept by a container of a Docker engine of the test's own.

use std::fs;
use std::time::Duration;

use testbed::Engine;
use warrener::platform::act::{Actor, Controlled, StartHow, StopHow, StopSignal, is_up};
use warrener::platform::docker::{Containers, Docker};

use super::{
    WORKER, World, forces_the_deaf, gently, only, restarts_anew, starts_once, stops_the_stopped,
    stops_whole, tells_why_not, token,
};
use crate::PATIENCE;

struct Container {
    engine: Engine,
    token: String,
}

impl Container {
    fn new(options: &[&str]) -> Self {
        let container = Container {
            engine: Engine::start().unwrap(),
            token: token(),
        };
        container.behave("orderly");
        let volume = format!("--volume={}:/w", container.engine.dir().display());
        let mut args = vec!["create", "--name=task", "--network=none", &volume];
        args.extend(options);
        args.extend([Engine::IMAGE, "sh", "-c", WORKER, "sh"]);
        args.extend([container.token.as_str(), "/w/mode"]);
        container.engine.docker(&args).unwrap();
        container
    }

    /// What the observing half says that comes later, such as another warrener's, once it can tell.
    async fn seen(&self) -> Option<bool> {
        let named = Containers::Named(vec!["task".to_owned()]);
        let mut docker = Docker::new(named).at(self.engine.host());
        let since = std::time::Instant::now();
        loop {
            let seen = docker
                .instances()
                .await
                .unwrap()
                .remove(0)
                .stopped_by_operator;
            if seen.is_some() || since.elapsed() > PATIENCE {
                return seen;
            }
            drop(tokio::time::timeout(Duration::from_millis(200), docker.changed()).await);
        }
    }
}

impl World for Container {
    fn actor(&self) -> Actor {
        let named = Containers::Named(vec!["task".to_owned()]);
        Actor::at(Controlled::Docker(named), Some(self.engine.host()))
    }

    fn instance(&self) -> &'static str {
        "task"
    }

    fn behave(&self, how: &str) {
        fs::write(self.engine.dir().join("mode"), how).unwrap();
    }

    fn token(&self) -> &str {
        &self.token
    }
}

#[tokio::test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
async fn a_docker_container_keeps_the_promises_of_starting_and_stopping() {
    let container = Container::new(&[]);
    starts_once(&container).await;
    stops_whole(&container).await;
    stops_the_stopped(&container).await;
    forces_the_deaf(&container).await;
    restarts_anew(&container, true).await;
    tells_why_not(&container, &["ended with 3", "docker logs task"]).await;
    let anew = StartHow {
        anew: true,
        ..StartHow::default()
    };
    let failure = container.actor().start("task", &anew).await.unwrap_err();
    assert!(failure.message.contains("by hand"), "{failure}");
}

#[tokio::test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
async fn what_warrener_stops_of_docker_is_no_persons_wish() {
    let container = Container::new(&["--restart=always"]);
    let start = StartHow::default();
    let brief = StopHow {
        signal: StopSignal::Term,
        grace: Duration::from_millis(500),
    };
    let mut actor = container.actor();
    for (mode, forced) in [("orderly", false), ("deaf", true)] {
        container.behave(mode);
        actor.start("task", &start).await.unwrap();
        container.up();
        let stopped = actor.stop("task", &brief).await.unwrap();
        assert_eq!(stopped.forced, forced, "{}", stopped.words);
        assert_eq!(container.seen().await, Some(false), "{mode}");
        // Nor does the engine start it again by itself.
        assert!(!is_up(&only(&mut actor).await));
    }
    container.behave("orderly");
    actor.start("task", &start).await.unwrap();
    container.up();
    // What a person paused is left alone.
    container.engine.docker(&["pause", "task"]).unwrap();
    for failure in [
        actor.stop("task", &gently()).await.unwrap_err(),
        actor.start("task", &start).await.unwrap_err(),
    ] {
        assert!(failure.message.contains("docker unpause"), "{failure}");
    }
    container.engine.docker(&["unpause", "task"]).unwrap();
    // The control: a person's stop is one.
    container
        .engine
        .docker(&["stop", "--time=5", "task"])
        .unwrap();
    assert_eq!(container.seen().await, Some(true));
}

#[tokio::test]
#[ignore = "starts a Docker engine, as root: make test-docker"]
async fn a_docker_service_is_made_anew_with_the_environment_of_now() {
    let engine = Engine::start().unwrap();
    let folder = engine.dir().join("shop");
    fs::create_dir(&folder).unwrap();
    let token = token();
    let compose = format!(
        "services:\n  task:\n    image: {}\n    network_mode: none\n    env_file: .env\n    \
         command: [sh, -c, 'trap \"exit 0\" TERM; sleep {token} & wait']\n",
        Engine::IMAGE
    );
    fs::write(folder.join("docker-compose.yml"), compose).unwrap();
    fs::write(folder.join(".env"), "RABBITMQ_HOST=old\n").unwrap();
    let service = Containers::Service {
        folder: folder.clone(),
        service: "task".to_owned(),
    };
    let mut actor = Actor::at(Controlled::Docker(service), Some(engine.host()));
    let anew = StartHow {
        anew: true,
        ..StartHow::default()
    };
    // There is none yet.
    let none = only(&mut actor).await;
    assert_eq!(none.name, "task");
    let first = match actor.start("task", &StartHow::default()).await {
        Ok(first) => first,
        Err(failure) => {
            // Where there is no Compose, that is said, and nothing else can be tried.
            assert!(failure.message.contains("install"), "{failure}");
            println!("not tried: {failure}");
            return;
        }
    };
    let environment = async |actor: &mut Actor| {
        let there = only(actor).await;
        let id = there.container.clone().unwrap();
        let format = "--format={{join .Config.Env \" \"}}";
        (
            there.name,
            engine.docker(&["inspect", format, &id]).unwrap(),
        )
    };
    let (name, old) = environment(&mut actor).await;
    assert!(old.contains("RABBITMQ_HOST=old"), "{old}");
    fs::write(folder.join(".env"), "RABBITMQ_HOST=new\n").unwrap();
    // A restart repairs nothing.
    actor
        .restart(&name, &gently(), &StartHow::default())
        .await
        .unwrap();
    assert_eq!(environment(&mut actor).await.1, old);
    let again = actor.start(&name, &anew).await.unwrap();
    assert_ne!(again.after, first.after, "{}", again.words);
    let (_, new) = environment(&mut actor).await;
    assert!(new.contains("RABBITMQ_HOST=new"), "{new}");
}
