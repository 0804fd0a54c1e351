//! Tests of the array cutter.

use proptest::prelude::*;

use super::*;

fn cut(chunks: &[&[u8]]) -> Result<(Vec<Vec<u8>>, u64), Failure> {
    let mut elements = Vec::new();
    let mut cutter = Cutter::default();
    for chunk in chunks {
        cutter.feed(chunk, |element| {
            elements.push(element.to_vec());
            true
        })?;
    }
    cutter.finish().map(|lost| (elements, lost))
}

#[test]
fn elements_of_any_kind() {
    let text = br#" [ {"a":"]},\""}, [1,[2]] ,3,"x,]" ] "#;
    let (elements, lost) = cut(&[text]).unwrap();
    let elements: Vec<_> = elements
        .iter()
        .map(|e| str::from_utf8(e).unwrap().trim())
        .collect();
    assert_eq!(elements, [r#"{"a":"]},\""}"#, "[1,[2]]", "3", r#""x,]""#]);
    assert_eq!(lost, 0);
    assert_eq!(cut(&[b"[]"]).unwrap().0.len(), 0);
}

#[test]
fn what_is_no_whole_array_is_malformed() {
    for broken in [
        "",
        "[",
        "[1",
        "[1,",
        "[,1]",
        "[1,]",
        "{\"error\":1}",
        "[1] x",
        "[}]",
        "null",
        "[{\"a\":\"]",
    ] {
        let failure = cut(&[broken.as_bytes()]).unwrap_err();
        assert_eq!(failure.reason, Reason::Malformed, "{broken}");
    }
}

#[test]
fn an_endless_element_is_lost_and_never_held() {
    let mut cutter = Cutter::default();
    let mut seen = 0;
    cutter.feed(b"[\"", |_| true).unwrap();
    for _ in 0..500 {
        cutter.feed(&[b'['; 4096], |_| true).unwrap();
        assert!(cutter.element.capacity() <= 2 * ELEMENT_CAP);
    }
    cutter
        .feed(b"\",1]", |_| {
            seen += 1;
            true
        })
        .unwrap();
    assert_eq!((seen, cutter.finish().unwrap()), (1, 1));
}

proptest! {
    #[test]
    fn chunks_make_no_difference(
        text in prop::collection::vec(prop::sample::select(b"[]{},\"\\1 a".to_vec()), 0..60),
        at in any::<prop::sample::Index>(),
        opened in any::<bool>(),
    ) {
        let text = if opened { [b"[".as_slice(), &text].concat() } else { text };
        let (a, b) = text.split_at(at.index(text.len() + 1));
        let bytes: Vec<_> = text.chunks(1).collect();
        prop_assert_eq!(cut(&[a, b]).ok(), cut(&[&text]).ok());
        prop_assert_eq!(cut(&bytes).ok(), cut(&[&text]).ok());
    }

    /// Every array that serde_json accepts is cut into what serde_json sees.
    #[test]
    fn agrees_with_serde_json(values in prop::collection::vec(".{0,12}", 0..6)) {
        let objects: Vec<_> = values
            .iter()
            .map(|v| serde_json::json!({"name": v, "x": [v, {v: 1}]}))
            .collect();
        let text = serde_json::to_vec_pretty(&objects).unwrap();
        let (elements, lost) = cut(&[&text]).unwrap();
        let read: Vec<serde_json::Value> =
            elements.iter().map(|e| serde_json::from_slice(e).unwrap()).collect();
        prop_assert_eq!((read, lost), (objects, 0));
    }
}
