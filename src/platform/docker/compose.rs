//! Compose, which knows how a service's containers are made: its command line, for the engine has no
//! such thing.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::model::{Failure, Reason};
use crate::platform::act::program::{run_with, succeed_with};

/// Until it says its version.
const VERSION: Duration = Duration::from_secs(10);
/// To make a container; an image that is missing is fetched.
const UP: Duration = Duration::from_secs(300);
/// The plugin, then the program of its own.
const FORMS: [&[&str]; 2] = [&["docker", "compose"], &["docker-compose"]];
/// What of warrener's environment it gets besides the usual: which engine, and how to log in.
const ENVIRONMENT: [&str; 4] = [
    "DOCKER_CONFIG",
    "DOCKER_CERT_PATH",
    "DOCKER_TLS_VERIFY",
    "XDG_CONFIG_HOME",
];

/// Compose, for the project in a folder.
pub(super) struct Compose {
    form: &'static [&'static str],
    folder: PathBuf,
    environment: Vec<(&'static str, OsString)>,
}

impl Compose {
    /// Looks for it.
    ///
    /// # Errors
    /// It is not here.
    pub(super) async fn find(folder: &Path, host: &str) -> Result<Self, Failure> {
        let mut environment = vec![
            ("DOCKER_HOST", OsString::from(host)),
            // What a Compose file says of `${PWD}` is what whoever started the project meant.
            ("PWD", folder.as_os_str().to_owned()),
        ];
        let given = ENVIRONMENT.iter();
        environment.extend(given.filter_map(|name| Some((*name, std::env::var_os(name)?))));
        for form in FORMS {
            let argv = words(form, &["version"]);
            if let Ok(ran) = run_with(&argv, &environment, VERSION).await
                && ran.status.success()
            {
                return Ok(Compose {
                    form,
                    folder: folder.to_owned(),
                    environment,
                });
            }
        }
        let message = "a container can only be made anew by Compose, and neither `docker compose` nor \
                       `docker-compose` runs here: install the package docker-compose-plugin or \
                       docker-compose; nothing was touched";
        Err(Failure::new(Reason::Unsupported, message))
    }

    /// Makes the containers that a service lacks of `count`, without starting any: it would start those
    /// as well that a person stopped. What is there, and other services, are left alone.
    pub(super) async fn make(&self, service: &str, count: usize) -> Result<(), Failure> {
        let folder = self.folder.display().to_string();
        let scale = format!("{service}={count}");
        let argv = words(
            self.form,
            &[
                "--project-directory",
                &folder,
                "up",
                "--no-start",
                "--no-deps",
                "--no-recreate",
                "--scale",
                &scale,
                service,
            ],
        );
        succeed_with(&argv, &self.environment, UP).await
    }
}

fn words(form: &[&str], rest: &[&str]) -> Vec<String> {
    form.iter()
        .chain(rest)
        .map(|word| (*word).to_owned())
        .collect()
}
