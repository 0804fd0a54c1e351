//! How statuses look: golden pages of assessed worlds, and what holds of any page.

mod golden;
mod origin;
mod properties;
mod scenes;

use anstream::adapter::strip_str;
use textwrap::core::display_width;

use super::page::{View, render};
use crate::publish::status::Status;

/// The page without colours.
fn plain(status: &Status, view: &View<'_>) -> String {
    let page = render(status, view);
    let plain = strip_str(&page).to_string();
    for line in plain.lines() {
        assert!(
            display_width(line) <= view.width,
            "{} columns in {}: {line}",
            display_width(line),
            view.width
        );
    }
    plain
}

fn view(status: &Status, width: usize) -> View<'static> {
    View {
        width,
        detailed: false,
        now: status.at + 2.0,
        note: None,
    }
}
