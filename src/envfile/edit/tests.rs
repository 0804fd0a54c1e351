//! An edit changes the bytes of one value and no others, whatever the file is.

use proptest::prelude::*;

use super::*;
use crate::envfile::tests::env_bytes;

fn with(text: &str, key: &str, value: &str) -> String {
    let document = Document::parse(text.as_bytes());
    let edited = document.with(key, &value.into(), None).unwrap();
    assert_eq!(edited.get(key).unwrap().expose(), value);
    String::from_utf8(edited.print()).unwrap()
}

#[test]
fn the_line_keeps_everything_but_its_value() {
    for (before, value, after) in [
        ("A=\n", "b", "A=b\n"),
        ("A=\r\nB=1\r\n", "b", "A=b\r\nB=1\r\n"),
        ("A=", "b", "A=b"),
        ("export A=old # why\n", "new", "export A=new # why\n"),
        ("A=  # why\n", "new", "A=new  # why\n"),
        ("A=#why\n", "new", "A=new #why\n"),
        ("A = # why\n", "new", "A = new # why\n"),
        ("A = \n", "b", "A = b\n"),
        ("A=   \n", "b", "A=b   \n"),
        ("  A\t=  old  \n", "b", "  A\t=  b  \n"),
        ("A='old'\t#c\n", "new", "A='new'\t#c\n"),
        ("A=\"old\"", "n\"e$w", "A=\"n\\\"e\\$w\""),
        ("A=old\n", "two words", "A='two words'\n"),
        ("A=old\n", "it's", "A=\"it's\"\n"),
        ("A='old'\n", "it's", "A=\"it's\"\n"),
        ("A=one\nA=two\n", "b", "A=one\nA=b\n"),
        ("\u{feff}A=old\n", "b", "\u{feff}A=b\n"),
        ("A=\"one\ntwo\"\nB=\n", "b", "A=\"b\"\nB=\n"),
        ("A=old", "one\ntwo", "A='one\ntwo'"),
        ("A=old", "a\rb", "A=\"a\\rb\""),
        ("A=old", r"a\d", r"A='a\d'"),
        ("A=old", r"a\\d\", r#"A="a\\\\d\\""#),
        ("nonsense\nA=\nmore", "b", "nonsense\nA=b\nmore"),
    ] {
        assert_eq!(with(before, "A", value), after, "{before:?}");
    }
}

#[test]
fn a_missing_key_goes_to_the_end_with_the_ending_of_the_file() {
    for (before, after) in [
        ("", "A=b\n"),
        ("B=1\n", "B=1\nA=b\n"),
        ("B=1", "B=1\nA=b\n"),
        ("B=1\r\nC=2", "B=1\r\nC=2\r\nA=b\r\n"),
        ("\u{feff}", "\u{feff}A=b\n"),
        ("# A=old\n", "# A=old\nA=b\n"),
        ("A='open\n", "A='open\nA=b\n"),
    ] {
        assert_eq!(with(before, "A", "b"), after, "{before:?}");
    }
}

#[test]
fn what_another_file_writes_is_written_the_same() {
    let document = Document::parse(b"A=\n");
    let value = "p w".into();
    let edited = document.with("A", &value, Some(b"\"p w\"")).unwrap();
    assert_eq!(edited.print(), b"A=\"p w\"\n");
    // Unless it would say something else here.
    let edited = document.with("A", &value, Some(b"other")).unwrap();
    assert_eq!(edited.print(), b"A='p w'\n");
}

#[test]
fn what_can_not_be_written_is_refused() {
    let document = Document::parse(b"A=old\n");
    let refused = |key, value: &str| document.with(key, &value.into(), None).unwrap_err();
    assert_eq!(refused("A", "a\0b"), Unwritable::Nul);
    assert_eq!(refused("A", "it's `reboot`"), Unwritable::Quoting);
    assert_eq!(refused("A B", "x"), Unwritable::Key);
    // Here the new quotes would close the old one, and the rest of the file change its meaning.
    let open = Document::parse(b"X='open\nA=\n");
    let swallowed = open.with("A", &"' # y".into(), None);
    if let Ok(edited) = swallowed {
        assert_eq!(edited.faults().count(), 1);
    }
}

#[test]
fn no_shell_and_no_systemd_is_offered_more_than_a_value() {
    for value in [
        "$(x)", "`x`", "a;b", "a b", "~", "a&b", "#a", "a*", "!x", "(x)",
    ] {
        let line = with("A=\n", "A", value);
        assert_eq!(line, format!("A='{value}'\n"));
    }
}

#[test]
fn what_is_shown_is_what_may_be() {
    let value = Secret::from("hunter2\n");
    let shown = |open| {
        let (key, value) = ("A", &value);
        Shown { key, value, open }.to_string()
    };
    assert_eq!(shown(true), "A=hunter2\\n");
    assert_eq!(shown(false), "A=[redacted]");
}

fn values() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_./:@%+=-]{1,20}",
        "[ -~]{1,20}",
        "[a'\"\\\\$# \n\r\t=`]{1,10}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn an_edit_says_the_value_and_changes_nothing_else(
        bytes in env_bytes(),
        key in "[A-D]",
        value in values(),
        written in proptest::option::of(env_bytes()),
    ) {
        let before = Document::parse(&bytes);
        let secret = Secret::from(value.as_str());
        let Ok(after) = before.with(&key, &secret, written.as_deref()) else {
            // Only what has a reason is refused.
            let open = before.faults().count() > 0;
            let odd = value.contains(['\0', '`']) || value.contains('\'');
            prop_assert!(open || odd || written.is_some(), "refused {value:?}");
            return Ok(());
        };
        let printed = after.print();
        let again = Document::parse(&printed);
        prop_assert_eq!(again.get(&key), Some(&secret));
        prop_assert!(again == after);
        // Every other piece is there, byte for byte and in order.
        let edited = before.counting(&key);
        for (at, piece) in before.pieces.iter().enumerate() {
            if edited != Some(at) {
                prop_assert!(after.pieces[at].raw.starts_with(&piece.raw));
                let rest = &after.pieces[at].raw[piece.raw.len()..];
                let grown = edited.is_none() && at + 1 == before.pieces.len();
                prop_assert!(rest.is_empty() || grown);
            }
        }
        // Around the value, the edited line keeps its bytes too.
        if let Some(at) = edited
            && let Kind::Assignment(a) = &before.pieces[at].kind
            && before.get(&key) != Some(&secret)
        {
            let (old, new) = (&before.pieces[at].raw, &after.pieces[at].raw);
            prop_assert!(new.starts_with(&old[..a.span.start]));
            prop_assert!(new.ends_with(&old[a.span.end..]));
        }
        // Twice is once.
        let twice = after.with(&key, &secret, written.as_deref()).map(|d| d.print());
        prop_assert_eq!(twice, Ok(printed));
    }

    #[test]
    fn a_clean_file_takes_any_value_that_all_readers_can_agree_on(
        value in "[^\0`]{0,30}", key in "[A-Z_]{1,8}"
    ) {
        let before = Document::parse(b"# head\r\nB_1='x y'\r\n");
        let after = before.with(&key, &value.as_str().into(), None).unwrap();
        prop_assert_eq!(after.get(&key).unwrap().expose(), value.as_str());
    }
}
