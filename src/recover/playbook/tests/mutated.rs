//! The shipped playbooks with lines and characters lost, doubled and swapped: no text panics, and
//! what is still taken for a playbook keeps the rules.

use proptest::prelude::*;

use super::*;
use crate::model::Risk;

#[derive(Clone, Debug)]
enum Edit {
    Lose(usize),
    Double(usize),
    Swap(usize, usize),
    Put(usize, &'static str),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<usize>;
    let words = [
        "retries: 3",
        "drastic",
        "broker.restart",
        "  ",
        "- ",
        ": ",
        "{",
        "}",
        "&a ",
        "*a",
        "'",
        "{command.run: {argv: []}}",
        "$(reboot)",
        "\0",
        "é",
    ];
    prop_oneof![
        at().prop_map(Edit::Lose),
        at().prop_map(Edit::Double),
        (at(), at()).prop_map(|(one, other)| Edit::Swap(one, other)),
        (at(), prop::sample::select(words.to_vec())).prop_map(|(at, word)| Edit::Put(at, word)),
        at().prop_map(Edit::Cut),
    ]
}

fn edited(text: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for edit in edits {
        let count = lines.len().max(1);
        match edit {
            Edit::Lose(at) if !lines.is_empty() => drop(lines.remove(at % count)),
            Edit::Double(at) if !lines.is_empty() => {
                lines.insert(at % count, lines[at % count].clone());
            }
            Edit::Swap(one, other) if !lines.is_empty() => lines.swap(one % count, other % count),
            Edit::Put(at, word) if !lines.is_empty() => {
                let line = &mut lines[at % count];
                let places: Vec<_> = line.char_indices().map(|(place, _)| place).collect();
                let place = places.get(at / count % places.len().max(1));
                line.insert_str(place.copied().unwrap_or(0), word);
            }
            Edit::Cut(at) if !lines.is_empty() => {
                let line = &mut lines[at % count];
                line.pop();
            }
            _ => {}
        }
    }
    lines.join("\n")
}

proptest! {
    #[test]
    fn a_damaged_playbook_is_refused_or_keeps_the_rules(
        which in 0..5_usize,
        edits in prop::collection::vec(edit(), 1..6),
    ) {
        let (file, text) = Playbooks::shipped_files()[which];
        let text = edited(text, &edits);
        match Playbook::from_text(&text, std::path::Path::new(file)) {
            Err(errors) => prop_assert!(errors.to_string().starts_with(file), "{errors}"),
            Ok(playbook) => {
                prop_assert_eq!(format!("{}.yml", playbook.name), file);
                prop_assert_eq!(playbook.ladder.is_empty(), playbook.drives.is_some());
                for step in playbook.ladder.iter().flat_map(|rung| &rung.steps) {
                    let risk = step.action.risk();
                    prop_assert!(risk == Risk::Safe || step.retries == 0, "{step:?}");
                    if let Action::CommandRun(command) = &step.action {
                        prop_assert!(!command.argv.is_empty());
                    }
                }
            }
        }
    }
}
