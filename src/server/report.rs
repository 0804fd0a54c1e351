//! Reports and the score's history over HTTP.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::QueryRejection;
use axum::extract::{self, Query};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::body::Refusal;
use super::recovery::{fresh, unread};
use super::routes::State;
use crate::model::Timestamp;
use crate::publish::report::{Material, Period, Report};
use crate::publish::scores::Scores;
use crate::recover::clock::Zone;

/// Hours of the score that are shown, unless more or fewer are asked for.
const HOURS: u32 = 24;
/// The most: what is kept by default, and more.
const MOST_HOURS: u32 = 24 * 4000;
/// Points, unless more or fewer are asked for, and the most.
const POINTS: u32 = 240;
const MOST_POINTS: u32 = 5000;

/// What a report is asked for.
#[derive(Deserialize)]
pub(super) struct Asked {
    period: Option<String>,
    format: Option<String>,
}

pub(super) async fn report(
    extract::State(state): extract::State<State>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let wrong = || {
        let words = "`period` is daily, weekly or monthly, `format` is json or md";
        Refusal::new(StatusCode::BAD_REQUEST, words)
    };
    let Query(Asked { period, format }) = asked.map_err(|_| wrong())?;
    let period = period.as_deref().unwrap_or("daily");
    let period = Period::from_word(period).ok_or_else(wrong)?;
    let markdown = match format.as_deref() {
        None | Some("json") => false,
        Some("md") => true,
        Some(_) => return Err(wrong()),
    };
    let now: Timestamp = (state.now)().into();
    let past = state
        .desk
        .read(move |ledger| Report::past(ledger, period, now))
        .await
        .map_err(unread)?;
    let firing = match period {
        Period::Daily => state.desk.firing().await,
        Period::Weekly | Period::Monthly => None,
    };
    let (identity, status) = (
        state.desk.identity(),
        Arc::clone(&state.latest.borrow().status),
    );
    // A year of incidents takes its time; nobody else is to wait for it.
    let made = tokio::task::spawn_blocking(move || {
        let material = Material {
            identity: &identity,
            past: &past,
            status: Some(&status),
            firing: firing.as_ref(),
            zone: &Zone::system(),
            now,
        };
        Report::new(period, material)
    });
    let report = made
        .await
        .map_err(|_| Refusal::later("the report could not be made: see the log"))?;
    if markdown {
        let head = [
            (CONTENT_TYPE, "text/markdown; charset=utf-8"),
            (CACHE_CONTROL, "no-store"),
        ];
        return Ok((head, report.to_markdown()).into_response());
    }
    Ok(fresh(&report))
}

/// What of the score is asked for.
#[derive(Deserialize)]
pub(super) struct Span {
    hours: Option<u32>,
    points: Option<u32>,
}

pub(super) async fn scores(
    extract::State(state): extract::State<State>,
    span: Result<Query<Span>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Ok(Query(Span { hours, points })) = span else {
        let words = "`hours` and `points` are numbers";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, words));
    };
    let hours = hours.unwrap_or(HOURS).clamp(1, MOST_HOURS);
    let points = points.unwrap_or(POINTS).clamp(1, MOST_POINTS);
    let until: Timestamp = (state.now)().into();
    let since = until.before(Duration::from_secs(3600 * u64::from(hours)));
    let spans = state.desk.read(move |ledger| ledger.scores(since, until));
    let spans = spans.await.map_err(unread)?;
    Ok(fresh(&Scores::new(&spans, since, until, points)))
}
