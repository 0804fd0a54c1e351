//! Every byte is kept; values are what dotenv libraries make of them; reading never waits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::config::{EnvFile, Found, Place, ReadError, Template, Variables};

fn value(text: &str, key: &str) -> String {
    let document = Document::parse(text.as_bytes());
    assert_eq!(document.print(), text.as_bytes());
    document
        .get(key)
        .unwrap_or_else(|| panic!("no {key} in {document:?}"))
        .expose()
        .to_owned()
}

fn fault(bytes: &[u8]) -> Vec<(usize, Fault)> {
    let document = Document::parse(bytes);
    assert_eq!(document.print(), bytes);
    document.faults().collect()
}

#[test]
fn values_as_dotenv_libraries_read_them() {
    for (text, expected) in [
        ("A=b", "b"),
        ("A=", ""),
        ("A=  b c  \n", "b c"),
        ("A = b", "b"),
        ("  export\tA=b", "b"),
        ("A=b # comment", "b"),
        ("A=b#c", "b#c"),
        ("A= # comment", ""),
        ("A=#comment", ""),
        ("A=b=c", "b=c"),
        ("A='b # c'  # comment", "b # c"),
        (r"A='it\'s \n'", r"it's \n"),
        (r#"A="a\tb\"c\\d\$e\q""#, "a\tb\"c\\d$e\\q"),
        ("A=\"one\ntwo\"\nB=c", "one\ntwo"),
        ("A=\"one\r\ntwo\"\r\n", "one\r\ntwo"),
        ("A=b\r\n", "b"),
        ("\u{feff}A=b", "b"),
        ("A=one\nA=two\n", "two"),
        ("A=b'c'", "b'c'"),
        ("A=ünï\n", "ünï"),
        ("A=''", ""),
    ] {
        assert_eq!(value(text, "A"), expected, "{text:?}");
    }
    assert_eq!(value("A=\"one\ntwo\"\nB=c", "B"), "c");
}

#[test]
fn faulty_lines_are_told_and_stop_nothing() {
    assert_eq!(fault(b"A=1\nnonsense\nB=2"), [(2, Fault::NoEquals)]);
    assert_eq!(fault(b"=b"), [(1, Fault::BadKey)]);
    assert_eq!(
        fault(b"1A=b\nA B=c"),
        [(1, Fault::BadKey), (2, Fault::BadKey)]
    );
    assert_eq!(fault(b"A=\xff\nB=1"), [(1, Fault::NotUtf8)]);
    assert_eq!(fault(b"A=\0"), [(1, Fault::Nul)]);
    assert_eq!(fault(b"A='b'c"), [(1, Fault::AfterQuote)]);
    assert_eq!(fault(b"A=\"b\nB=2"), [(1, Fault::UnclosedQuote)]);
    assert_eq!(value("A=\"b\nB=2", "B"), "2");
    assert_eq!(fault(b"# only\n\n   \n\t# comments\xff\n"), []);
}

#[test]
fn order_export_and_quotes_are_known() {
    let document = Document::parse(b"# head\nB=1\nexport A='2'\n");
    let keys: Vec<_> = document
        .assignments()
        .map(|a| (a.key.as_str(), a.quote, a.export))
        .collect();
    assert_eq!(
        keys,
        [("B", Quote::None, false), ("A", Quote::Single, true)]
    );
    let lines: Vec<_> = document.pieces().iter().map(|piece| piece.line).collect();
    assert_eq!(lines, [1, 2, 3]);
}

#[test]
fn no_printing_shows_a_value() {
    let document = Document::parse(b"A=hunter2\nhunter2\n'hunter2=");
    assert!(!format!("{document:?} {document:#?}").contains("hunter2"));
}

/// Bytes that env files are made of, and some that they are not.
pub(super) fn env_bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"A=".to_vec()),
        Just(b"export ".to_vec()),
        Just(b"'".to_vec()),
        Just(b"\"".to_vec()),
        Just(b"\\".to_vec()),
        Just(b" #".to_vec()),
        Just(b"\xef\xbb\xbf".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
        "[a-z=$ ]{0,6}".prop_map(String::into_bytes),
    ];
    proptest::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn printing_gives_back_every_byte(bytes in env_bytes()) {
        let document = Document::parse(&bytes);
        prop_assert_eq!(document.print(), bytes);
    }

    #[test]
    fn any_bytes_are_kept(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert_eq!(Document::parse(&bytes).print(), bytes);
    }

    #[test]
    fn a_quoted_value_comes_back(text in "[^\0\\\\\"$]{0,40}") {
        let line = format!("A=\"{text}\"");
        prop_assert_eq!(value(&line, "A"), text);
    }
}

#[test]
fn many_unclosed_quotes_take_no_long() {
    let started = Instant::now();
    Document::parse(&b"A='x\nB=\"y\n".repeat(100_000));
    Document::parse(&[b"A='".to_vec(), b"B=\\\"\n".repeat(200_000)].concat());
    assert!(
        started.elapsed() < Duration::from_secs(5),
        "{:?}",
        started.elapsed()
    );
}

fn written(dir: &Path, name: &str, content: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, content).unwrap();
    path
}

fn reason(path: &Path) -> ReadError {
    read(path).unwrap_err().reason
}

#[test]
fn what_is_no_small_file_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let large = dir.path().join("large");
    fs::File::create(&large)
        .unwrap()
        .set_len(100 << 20)
        .unwrap();
    assert!(matches!(
        reason(&large),
        ReadError::TooLarge {
            limit: MAX_ENV_FILE_BYTES
        }
    ));
    assert!(matches!(
        reason(&dir.path().join("none")),
        ReadError::Missing
    ));
    assert!(matches!(reason(dir.path()), ReadError::NotAFile));
    assert!(matches!(
        reason(Path::new("/dev/zero")),
        ReadError::NotAFile
    ));
    let pipe = dir.path().join("pipe");
    let mode = rustix::fs::Mode::RWXU;
    rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
    assert!(matches!(reason(&pipe), ReadError::NotAFile));
    assert!(started.elapsed() < Duration::from_secs(30), "it hung");
}

#[test]
fn a_symlinked_file_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path(), "real", b"A=1");
    let link = dir.path().join(".env");
    std::os::unix::fs::symlink(path, &link).unwrap();
    assert_eq!(read(&link).unwrap().get("A").unwrap().expose(), "1");
}

#[test]
fn the_environment_goes_first_and_empty_counts_as_none() {
    let dir = tempfile::tempdir().unwrap();
    let first = written(dir.path(), "first", b"HOST=\nPORT=1\nboom\n");
    let second = written(dir.path(), "second", b"HOST=rabbit\nPORT=2\n");
    let missing = dir.path().join("missing");
    let environment = |name: &str| (name == "PORT").then(|| "3".to_owned());
    let files = [first.clone(), missing, second.clone()].map(EnvFile::at);
    let variables = Variables::read(environment, &files);
    assert_eq!(variables.get("PORT").unwrap().expose(), "3");
    assert_eq!(variables.get("HOST").unwrap().expose(), "rabbit");
    assert_eq!(variables.files[0].problems, ["line 3: has no `=`"]);
    assert!(variables.files[1].missing);

    let variables = Variables::read(|_| None, &files[..1]);
    let template: Template = "amqp://${HOST}:${PORT}".parse().unwrap();
    let unresolved = template.resolve(&variables).unwrap_err();
    let here = [
        (Place::Environment, Found::Unset),
        (Place::File(first.clone()), Found::Empty),
    ];
    assert_eq!(unresolved.missing[0].looked_in, here);
    let told = format!(
        "`${{HOST}}` is not set in the environment, empty in {}",
        first.display()
    );
    assert_eq!(unresolved.to_string(), told);
}
