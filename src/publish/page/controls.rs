//! What a person may ask for. The buttons show with the script alone; the same can always be typed.

use maud::{Markup, html};

use super::{View, Ways};
use crate::publish::status::Target;

/// What a button asks for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wish<'a> {
    /// A route that acts.
    pub(super) path: &'a str,
    /// What kind of wish it is, for the script.
    pub(super) does: &'a str,
    /// What the button says.
    pub(super) words: &'a str,
    /// The body to send, where there is something to say.
    pub(super) body: Option<&'a str>,
    /// The body that asks for the plan, where there is one.
    pub(super) plan: Option<&'a str>,
}

/// A button, if anybody may ask.
pub(super) fn button(view: &View<'_>, wish: Wish<'_>) -> Markup {
    html! {
        @if view.ways.any() {
            button .act type="button" data-path=(wish.path) data-does=(wish.does)
                data-body=[wish.body] data-plan=[wish.plan] { (wish.words) }
        }
    }
}

/// The body that asks a playbook to work on a target, or for its plan.
pub(super) fn ask(playbook: &str, target: &Target, dry_run: bool) -> String {
    let body = serde_json::json!({
        "playbook": playbook, "target": target.key, "dry_run": dry_run, "source": "page",
    });
    body.to_string()
}

/// Why there are no buttons.
pub(super) fn closed(view: &View<'_>) -> Markup {
    html! {
        @if !view.ways.any() {
            p .aside {
                "There are no buttons here until " code { "web.auth.bearer_file" }
                " is set in warrener.yml."
            }
        }
    }
}

/// Asks for credentials once and for a word of confirmation each time.
pub(super) fn dialog(ways: Ways) -> Markup {
    html! {
        @if ways.any() {
            dialog #ask aria-labelledby="ask-head" {
                form method="dialog" {
                    h2 #ask-head { "?" }
                    p #ask-words {}
                    div #ask-pause hidden {
                        p { label for="ask-for" { "For so many minutes; empty: until somebody resumes it" }
                            input #ask-for type="number" min="1" max="5270400" inputmode="numeric" autocomplete="off"; }
                        p { label for="ask-reason" { "Why" }
                            input #ask-reason type="text" maxlength="300" autocomplete="off"; }
                    }
                    div #ask-who {
                        @if ways.basic {
                            p { label for="ask-user" { @if ways.bearer { "User; empty for a token" } @else { "User" } }
                                input #ask-user type="text" autocomplete="username"; }
                        }
                        p {
                            label for="ask-secret" {
                                @match (ways.bearer, ways.basic) {
                                    (true, true) => { "Token or password" },
                                    (true, false) => { "Token" },
                                    _ => { "Password" },
                                }
                            }
                            input #ask-secret type="password" autocomplete="off" required;
                        }
                        p .aside { "Kept in this tab until it is closed." }
                    }
                    ul #ask-plan {}
                    p #ask-error role="alert" {}
                    div .buttons {
                        button #ask-yes type="submit" { "Yes" }
                        button #ask-show type="submit" hidden { "Show the plan" }
                        button #ask-no type="button" { "Close" }
                        button #ask-forget type="button" hidden { "Forget the credentials" }
                    }
                }
            }
        }
    }
}
