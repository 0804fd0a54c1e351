//! Relative paths of a configuration, made absolute against the folder of its file.

use std::path::{Path, PathBuf};

use super::{Config, Control};

impl Config {
    /// Joins every relative path to `base`. Programs and their arguments stay as written.
    pub(super) fn resolve_paths(&mut self, base: &Path) {
        let join = |path: &mut PathBuf| *path = joined(base, path);
        let join_any = |path: &mut Option<PathBuf>| {
            if let Some(path) = path {
                *path = joined(base, path);
            }
        };
        let join_glob = |glob: &mut String| {
            if !glob.starts_with('/') {
                // A folder's own `*` would become a pattern; the `glob` syntax quotes it so.
                *glob = format!("{}/{}", escape_glob(&base.to_string_lossy()), glob);
            }
        };
        let join_control = |control: &mut Option<Control>| match control {
            Some(Control::Process(process)) => {
                process.cwd = joined(base, &process.cwd);
                join_any(&mut process.log);
            }
            Some(Control::Docker(docker)) => join_any(&mut docker.compose),
            Some(Control::Systemd(_) | Control::Command(_)) | None => {}
        };

        join(&mut self.state);
        join_any(&mut self.recovery.own_playbooks);
        join_control(&mut self.broker.control);
        if let Some(tls) = &mut self.broker.tls {
            [&mut tls.ca_file, &mut tls.cert_file, &mut tls.key_file]
                .into_iter()
                .for_each(join_any);
        }
        for worker in self.workers.values_mut() {
            join_control(&mut worker.control);
            join_any(&mut worker.env_file);
        }
        for file in &mut self.env_files {
            join(&mut file.path);
            file.keys
                .values_mut()
                .for_each(|key| join_any(&mut key.default_from));
        }
        self.files
            .logs
            .iter_mut()
            .for_each(|logs| join_glob(&mut logs.glob));
        self.files
            .backups
            .iter_mut()
            .for_each(|backups| join_glob(&mut backups.glob));
        if let Some(slack) = &mut self.notify.slack {
            join(&mut slack.url_file);
        }
        if let Some(webhook) = &mut self.notify.webhook {
            [&mut webhook.url_file, &mut webhook.bearer_file]
                .into_iter()
                .for_each(join_any);
        }
        if let Some(auth) = &mut self.web.auth {
            join_any(&mut auth.bearer_file);
            if let Some(basic) = &mut auth.basic {
                join(&mut basic.password_file);
            }
        }
    }
}

/// `path` under `base`, without the `.` of `./.env`; `..` stays, it may cross a symlink.
fn joined(base: &Path, path: &Path) -> PathBuf {
    base.join(path).components().collect()
}

fn escape_glob(text: &str) -> String {
    let special = |c: char| matches!(c, '*' | '?' | '[' | ']');
    text.chars()
        .map(|c| {
            if special(c) {
                format!("[{c}]")
            } else {
                c.to_string()
            }
        })
        .collect()
}
