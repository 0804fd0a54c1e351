//! `warrener logs`: what is found in real files, what is grouped, and what never leaves them.

use std::fs::{self, File, FileTimes};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use testbed::Program;

use crate::support::{PATIENCE, prepare};

const SECRET: &str = "c4nary-Passw0rd";
const URL_PASSWORD: &str = "url-c4nary";

/// Seconds since the Unix epoch, so long ago.
fn ago(seconds: u64) -> u64 {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    now.as_secs() - seconds
}

fn run(program: &Program) -> (Option<i32>, String) {
    program.start().unwrap();
    let code = program.wait(PATIENCE).unwrap();
    (code, program.log())
}

/// What Python's logging writes, with the tracebacks of a real failure.
fn failures(from: u64, to: u64) -> String {
    let mut text = String::new();
    for (n, at) in (to..=from).rev().step_by(2).enumerate() {
        let at = ago(at);
        text.push_str(&format!(
            "{at} INFO delivery {n} with {SECRET}\n{at} ERROR task {n} of 'q-{n}' failed at amqp://ann:{URL_PASSWORD}@h/v\n\
             Traceback (most recent call last):\n  File \"w.py\", line 7, in handle\n    login(\"{SECRET}\")\n\
             ConnectionResetError: [Errno 104] Connection reset by peer\n"
        ));
    }
    text
}

fn packed(path: &Path, text: &str, age: u64) {
    let mut gz = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
    gz.write_all(text.as_bytes()).unwrap();
    let file = gz.finish().unwrap();
    let then = SystemTime::now() - Duration::from_secs(age);
    file.set_times(FileTimes::new().set_modified(then)).unwrap();
}

fn scene(args: &[&str]) -> Program {
    let program = prepare(args).env("COLUMNS", "120");
    let dir = program.dir();
    fs::create_dir(dir.join("logs")).unwrap();
    fs::write(
        dir.join(".env"),
        format!("RABBITMQ_PASS={SECRET}\nPLAIN=word\n"),
    )
    .unwrap();
    fs::write(
        dir.join("warrener.yml"),
        "env_files: [{path: .env, keys: {RABBITMQ_PASS: {type: secret}}}]\n\
         files: {logs: [{glob: 'logs/*.log', error: 'ERROR|Traceback|ouch'}]}\n\
         workers: {task: {control: {process: {command: [sleep, '1'], log: worker.out}}}}\n",
    )
    .unwrap();
    fs::write(dir.join("logs/app.log"), failures(600, 10)).unwrap();
    packed(&dir.join("logs/app.log.1.gz"), &failures(4000, 3000), 3000);
    packed(
        &dir.join("logs/app.log.2.gz"),
        &failures(90_000, 89_990),
        89_990,
    );
    // Bytes that are no text, by a worker that writes no times.
    let mut out = b"starting\nERROR \xff\xfe broken pipe\n".to_vec();
    out.extend(b"Traceback (most recent call last):\n  File \"w.py\", line 1\nKeyError: 'k'\n");
    fs::write(dir.join("worker.out"), out).unwrap();
    symlink("../.env", dir.join("logs/evil.log")).unwrap();
    program
}

#[test]
fn errors_are_grouped_and_secrets_stay() {
    let program = scene(&["logs", "--errors", "--since", "30m"]);
    let (code, out) = run(&program);
    assert_eq!(code, Some(0), "{out}");
    let told = out.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "Errors since ",
        "296 times, ",
        "logs/app.log",
        "failed at amqp://ann:[redacted]@h/v",
        "ConnectionResetError: [Errno 104] Connection reset by peer",
        "task (",
        "ERROR \u{fffd}\u{fffd} broken pipe",
        "KeyError: 'k'",
        "its lines have no times",
    ] {
        assert!(told.contains(words), "{words} in\n{out}");
    }
    assert!(
        !out.contains(SECRET) && !out.contains(URL_PASSWORD),
        "{out}"
    );
    assert!(!out.contains("delivery"), "{out}");
}

#[test]
fn rotated_parts_are_read_where_the_time_reaches_back() {
    let count = |since: &str| {
        let program = scene(&["logs", "--errors", "--json", "--since", since]);
        let (code, out) = run(&program);
        assert_eq!(code, Some(0), "{out}");
        assert!(!out.contains(SECRET), "{out}");
        let document: Value = serde_json::from_str(&out).unwrap();
        let groups = document["groups"].as_array().unwrap();
        let task = groups
            .iter()
            .find(|g| g["message"].as_str().unwrap().contains("task <n>"));
        let task = task.unwrap();
        assert_eq!(
            task["message"],
            "ERROR task <n> of <text> failed at amqp://ann:[redacted]@h/v: \
             ConnectionResetError: [Errno <n>] Connection reset by peer"
        );
        task["count"].as_u64().unwrap()
    };
    // Some seconds pass until it looks.
    let hour = count("1h");
    assert!((296 + 270..=296 + 301).contains(&hour), "{hour}");
    assert_eq!(count("2d"), 296 + 501 + 6);
    let few = count("2m");
    assert!((25..=56).contains(&few), "{few}");
}

#[test]
fn the_newest_of_a_log_of_ten_gigabytes_is_found_at_once() {
    let program = scene(&[
        "logs", "--errors", "--json", "--since", "5m", "--worker", "task",
    ]);
    let mut file = File::create(program.dir().join("worker.out")).unwrap();
    file.write_all(format!("{} ERROR old\n", ago(100_000)).as_bytes())
        .unwrap();
    file.seek(SeekFrom::Start(10 << 30)).unwrap();
    let line = format!("{} ERROR older {}\n", ago(4000), "x".repeat(100));
    file.write_all(line.repeat(30_000).as_bytes()).unwrap();
    file.write_all(format!("{} ERROR new\n", ago(60)).as_bytes())
        .unwrap();
    let (code, out) = run(&program);
    assert_eq!(code, Some(0), "{out}");
    let document: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(document["counts"]["errors"], 1, "{out}");
    assert_eq!(document["groups"][0]["message"], "ERROR new");
    assert_eq!(document["sources"][0]["note"], Value::Null, "{out}");
}

#[test]
fn what_can_not_be_read_or_is_not_there_is_told() {
    let program = scene(&["logs", "--worker", "tusk"]);
    let (code, out) = run(&program);
    assert!(code == Some(2) && out.contains("there is task"), "{out}");
    let program = prepare(&["logs"]);
    let (code, out) = run(&program);
    assert!(code == Some(2) && out.contains("files.logs"), "{out}");
    let program = scene(&["logs", "--since", "yesterday"]);
    let (code, out) = run(&program);
    assert!(code == Some(2) && out.contains("write 30m"), "{out}");
    // Nothing but a symlink matches: what is behind it is not read.
    let program = scene(&["logs"]);
    fs::remove_file(program.dir().join("logs/app.log")).unwrap();
    let (code, out) = run(&program);
    assert!(code == Some(1) && out.contains("only symlinks"), "{out}");
    assert!(!out.contains("PLAIN"), "{out}");
}
