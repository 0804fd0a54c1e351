//! The status page, rendered on the server from the documents that the API shows: what is wrong,
//! what warrener does about it and what a person should do at the top, everything behind it below.
//!
//! HTML is written with maud: its macros check the markup when they are compiled and escape every
//! value, so a name from a broker or an alert can't become markup; and a part of the page is a
//! function of a part of the status. One style sheet and one script, both files of this folder;
//! nothing comes from elsewhere. Without the script everything can be read; it fetches the same page
//! again after an event and exchanges what differs, so there is no second renderer.
//!
//! Must not know: HTTP, the ledger.

mod advice;
mod broker;
mod chart;
mod controls;
mod findings;
mod local;
mod parts;
mod probes;
mod recovery;
mod run;
mod top;
mod workers;

use maud::{DOCTYPE, Markup, html};

use self::controls::dialog;
pub use self::run::run;
use super::scores::Scores;
use super::status::Status;

/// A file that the page asks for.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Its path.
    pub path: &'static str,
    /// Its media type.
    pub content_type: &'static str,
    /// Its content.
    pub content: &'static str,
}

/// Every file that the page asks for.
pub const ASSETS: [Asset; 3] = [
    Asset {
        path: "/page.css",
        content_type: "text/css; charset=utf-8",
        content: include_str!("page.css"),
    },
    Asset {
        path: "/page.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("page.js"),
    },
    Asset {
        path: "/page.svg",
        content_type: "image/svg+xml",
        content: include_str!("page.svg"),
    },
];

impl Asset {
    /// What names this content, in quotes.
    pub fn tag(&self) -> String {
        let mut crc = flate2::Crc::new();
        crc.update(self.content.as_bytes());
        format!("\"{:08x}-{:x}\"", crc.sum(), self.content.len())
    }
}

/// What the browser is told about the page: nothing comes from elsewhere, nothing is inline, no
/// other page shows it in a frame.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     connect-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'self'";

/// How a person may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ways {
    /// With a token.
    pub bearer: bool,
    /// With a user and a password.
    pub basic: bool,
}

impl Ways {
    /// Whether anybody may.
    fn any(self) -> bool {
        self.bearer || self.basic
    }
}

/// What the page is made of.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The status, with where recovery stands now.
    pub status: &'a Status,
    /// The score up to now, or why its past can't be told.
    pub scores: Result<&'a Scores, &'a str>,
    /// Now, in seconds since the Unix epoch.
    pub now: f64,
    /// How a person may act.
    pub ways: Ways,
    /// Where the metrics are.
    pub telemetry_path: &'a str,
}

/// The page.
pub fn page(view: &View<'_>) -> String {
    let status = view.status;
    let title = format!(
        "{} {} · {} · warrener",
        status.level,
        status.score,
        parts::text(&status.identity)
    );
    let body = html! {
        (bar(view))
        main #main {
            (top::state(view))
            (findings::section(view))
            (recovery::section(view))
            (top::score(view))
            (broker::section(view))
            (broker::queues(view))
            (workers::section(view))
            div .columns {
                (local::env_files(view))
                (local::host(view))
                (probes::section(view))
            }
        }
        (foot(view))
        (dialog(view.ways))
    };
    document(&title, &body)
}

/// A document with its head.
fn document(title: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                link rel="icon" href="/page.svg" type="image/svg+xml";
                link rel="stylesheet" href="/page.css";
                script src="/page.js" defer {}
            }
            body {
                a .skip href="#main" { "Skip to the state" }
                (body)
            }
        }
    };
    page.into_string()
}

fn bar(view: &View<'_>) -> Markup {
    let sections = [
        ("findings", "Findings"),
        ("recovery", "Recovery"),
        ("score", "Score"),
        ("broker", "Broker"),
        ("queues", "Queues"),
        ("workers", "Workers"),
        ("env-files", "Env files"),
        ("host", "Host"),
        ("probes", "Probes"),
    ];
    html! {
        header .bar {
            p .name { a href="/" { "warrener" } " " strong { (parts::text(&view.status.identity)) } }
            (live(view.status.at))
            nav aria-label="Sections" {
                ul { @for (id, words) in sections { li { a href={ "#" (id) } { (words) } } } }
            }
        }
    }
}

/// When this is of, and whether it follows what happens; the script says more of that.
fn live(at: f64) -> Markup {
    html! {
        p .live {
            span #link role="status" { "Reload for what is newer." } " "
            span #as-of { "As of " (parts::clock(at)) "." } " "
            span #done role="status" {}
        }
    }
}

fn foot(view: &View<'_>) -> Markup {
    html! {
        footer {
            p {
                "warrener " (parts::text(&view.status.warrener)) ". The same for programs: "
                a href="/api/v1/status" { "status" } ", "
                a href="/api/v1/recovery" { "recovery" } ", "
                a href="/api/v1/incidents" { "incidents" } ", "
                a href="/api/v1/runs" { "runs" } ", "
                a href=(view.telemetry_path) { "metrics" } ". Every time is UTC; its date shows when it is pointed at."
            }
        }
    }
}
