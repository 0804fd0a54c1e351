//! A command line to the expression that recognises its like: the script rather than the
//! interpreter, anchored to whole words. No option's value is used: it may be a secret.

use regex::Regex;

/// Programs that run the script named in their arguments.
const INTERPRETERS: [&str; 14] = [
    "python", "pypy", "node", "nodejs", "ruby", "php", "perl", "java", "dotnet", "deno", "bun",
    "bash", "dash", "sh",
];
/// Their options whose value is the next word.
const WITH_VALUE: [&str; 11] = [
    "-W",
    "-X",
    "-r",
    "--require",
    "-d",
    "-I",
    "-cp",
    "-classpath",
    "--class-path",
    "--import",
    "--loader",
];
/// Their options that make them run no script.
const CODE: [&str; 5] = ["-c", "-e", "-E", "--eval", "-"];
/// Programs that hold connections to a broker and are no workers.
const NO_WORKERS: [&str; 24] = [
    "beam",
    "erl_child_setup",
    "epmd",
    "inet_gethost",
    "rabbitmq-server",
    "rabbitmqctl",
    "rabbitmq-diagnostics",
    "rabbitmq-plugins",
    "rabbitmqadmin",
    "warrener",
    "docker-proxy",
    "dockerd",
    "containerd",
    "haproxy",
    "envoy",
    "nginx",
    "stunnel",
    "stunnel4",
    "amqproxy",
    "prometheus",
    "telegraf",
    "datadog-agent",
    "ssh",
    "sshd",
];
/// A longer name is not one that people tell programs by.
const LONGEST_NAME: usize = 128;

/// What a process runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Program {
    /// The script's or program's name, with its extension.
    pub name: String,
    /// The first word after it, where it reads like a subcommand.
    pub subcommand: Option<String>,
    /// An expression for command lines that run it.
    pub expression: String,
}

/// `None` where no program can be told, as of `python -c ...`.
pub(super) fn program(command_line: &str) -> Option<Program> {
    let words: Vec<&str> = command_line.split(' ').filter(|w| !w.is_empty()).collect();
    let first = base(words.first()?);
    let stem = first.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    let (name, before, rest) = if INTERPRETERS.contains(&stem) {
        script(stem, &words[1..])?
    } else {
        (first, r"^(\S*/)?".to_owned(), &words[1..])
    };
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    let subcommand = rest.first().filter(|word| reads_like_a_subcommand(word));
    let mut tight = format!("{before}{}", escape(name));
    let mut loose = format!("(^|[ /]){}", escape(name));
    for expression in [&mut tight, &mut loose] {
        if let Some(word) = subcommand {
            expression.push_str(&format!(" {}", escape(word)));
        }
        expression.push_str("( |$)");
    }
    // Words with spaces in them, or unusual options, may not fit the tight one.
    let expression = [tight, loose]
        .into_iter()
        .find(|e| matches(e, command_line))?;
    Some(Program {
        name: name.to_owned(),
        subcommand: subcommand.map(|word| (*word).to_owned()),
        expression,
    })
}

/// The script, module or archive that an interpreter runs, what goes before it in an expression,
/// and the words after it.
fn script<'a>(stem: &str, words: &'a [&'a str]) -> Option<(&'a str, String, &'a [&'a str])> {
    let mut at = 0;
    while let Some(word) = words.get(at) {
        if CODE.contains(word) {
            return None;
        }
        if *word == "-m" && stem.starts_with("py") {
            let module = words.get(at + 1)?;
            return Some((
                module,
                format!(r"^\S*{stem}\S* (.* )?-m "),
                &words[at + 2..],
            ));
        }
        if *word == "-jar" || *word == "-f" || !word.starts_with('-') {
            let at = if word.starts_with('-') { at + 1 } else { at };
            let before = format!(r"^\S*{stem}\S* (.*[ /])?");
            return Some((base(words.get(at)?), before, &words[at + 1..]));
        }
        at += if WITH_VALUE.contains(word) { 2 } else { 1 };
    }
    None
}

/// `queue:work`, `consume`: lower case letters; what has digits or capitals may be anything.
fn reads_like_a_subcommand(word: &str) -> bool {
    let legal = |c: char| c.is_ascii_lowercase() || matches!(c, '_' | '-' | ':');
    let starts = word.starts_with(|c: char| c.is_ascii_lowercase());
    starts && (3..=24).contains(&word.len()) && word.chars().all(legal)
}

impl Program {
    /// The expression, narrowed to command lines that also name `queue`.
    pub(super) fn consuming(&self, queue: &str) -> String {
        let start = self.expression.trim_end_matches("( |$)");
        format!(r"{start} (.*[ =,])?{}([ ,]|$)", escape(queue))
    }

    /// Its name without an extension, as people speak of it.
    pub(super) fn short_name(&self) -> &str {
        let extensions = [
            ".py", ".js", ".mjs", ".rb", ".php", ".pl", ".jar", ".dll", ".ts", ".sh",
        ];
        let stem = extensions.iter().find_map(|e| self.name.strip_suffix(e));
        stem.filter(|stem| !stem.is_empty()).unwrap_or(&self.name)
    }
}

/// Whether an expression finds this command line, as the `workers` probe would.
pub(super) fn matches(expression: &str, command_line: &str) -> bool {
    Regex::new(expression).is_ok_and(|regex| regex.is_match(command_line))
}

/// A broker, its tools, a proxy, an exporter or a monitor.
pub(super) fn is_no_worker(name: &str, command_line: &str) -> bool {
    let first = base(command_line.split(' ').next().unwrap_or_default());
    let run = program(command_line).map(|p| p.short_name().to_owned());
    [name, first].into_iter().chain(run.as_deref()).any(|name| {
        let beam = name.starts_with("beam.") || name.starts_with("rabbitmq-");
        beam || NO_WORKERS.contains(&name) || name.contains("exporter")
    })
}

/// A text as an expression for itself; `-` outside of brackets needs no backslash.
fn escape(text: &str) -> String {
    regex::escape(text).replace(r"\-", "-")
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_names_a_worker_and_not_its_interpreter() {
        for (line, name, expression) in [
            (
                "/usr/bin/python3.11 -u /app/workers/task_worker.py --queue a",
                "task_worker",
                r"^\S*python\S* (.*[ /])?task_worker\.py( |$)",
            ),
            (
                "python3 -W ignore -m shop.worker",
                "shop.worker",
                r"^\S*python\S* (.* )?-m shop\.worker( |$)",
            ),
            (
                "/usr/bin/python3 /usr/local/bin/celery -A proj worker -Q ocr",
                "celery",
                r"^\S*python\S* (.*[ /])?celery( |$)",
            ),
            (
                "php artisan queue:work --queue=ocr",
                "artisan",
                r"^\S*php\S* (.*[ /])?artisan queue:work( |$)",
            ),
            (
                "java -Xmx1g -cp a:b com.acme.Worker",
                "com.acme.Worker",
                r"^\S*java\S* (.*[ /])?com\.acme\.Worker( |$)",
            ),
            (
                "java -jar /srv/w.jar",
                "w",
                r"^\S*java\S* (.*[ /])?w\.jar( |$)",
            ),
            (
                "/opt/worker+ --password x",
                "worker+",
                r"^(\S*/)?worker\+( |$)",
            ),
            ("worker", "worker", r"^(\S*/)?worker( |$)"),
        ] {
            let program = program(line).unwrap();
            assert_eq!(
                (program.short_name(), &*program.expression),
                (name, expression)
            );
            assert!(matches(expression, line), "{line}");
        }
        for line in [
            "",
            " ",
            "python3 -c while-true",
            "python3",
            "node -e x",
            "bash -",
        ] {
            assert_eq!(program(line), None, "{line}");
        }
    }

    #[test]
    fn what_only_speaks_of_the_script_does_not_match() {
        let worker = program("python3 task_worker.py").unwrap();
        let dashed = program(r"/opt/a\-b-c").unwrap();
        assert_eq!(dashed.expression, r"^(\S*/)?a\\-b-c( |$)");
        for other in [
            "vim task_worker.py",
            "python3 other_task_worker.py",
            "python3 task_worker.pyc",
            "python3 task_workerXpy",
            "tail -f task_worker.py.log",
        ] {
            assert!(!matches(&worker.expression, other), "{other}");
        }
        let narrowed = worker.consuming("a.b");
        assert!(matches(
            &narrowed,
            "python3 task_worker.py --queues=x,a.b,y"
        ));
        assert!(matches(&narrowed, "python3 task_worker.py a.b"));
        assert!(!matches(&narrowed, "python3 task_worker.py --queue aXb"));
        assert!(!matches(&narrowed, "python3 task_worker.py --queue a.b.c"));
    }

    #[test]
    fn brokers_tools_and_monitors_are_no_workers() {
        for (name, line) in [
            ("beam.smp", "/usr/lib/erlang/erts-13/bin/beam.smp -W w"),
            ("python3", "/usr/bin/python3 /usr/sbin/rabbitmqadmin list"),
            ("rabbitmq_export", "/usr/bin/rabbitmq_exporter"),
            ("warrener", "/usr/bin/warrener serve"),
            ("docker-proxy", "/usr/bin/docker-proxy -proto tcp"),
        ] {
            assert!(is_no_worker(name, line), "{line}");
        }
        assert!(!is_no_worker("python3", "python3 rabbit_worker.py"));
    }
}
