//! Recovery over HTTP: where it stands, what was done, and what a person asks for.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{self, Path, Query, Request};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::body::{Refusal, wish};
use super::routes::State;
use crate::model::{Pause, RunId, Target, Timestamp, TriggerSource};
use crate::publish::runs::{Answer, Incidents, Runs, VERSION, Whole};
use crate::publish::{standing, status};
use crate::recover::desk::{self, Ask, Refused};
use crate::recover::ledger::LedgerError;

/// Entries of a list, unless more or fewer are asked for.
const LIMIT: u32 = 100;
/// The most entries of a list.
const MOST: u32 = 1000;
/// The longest reason of a pause, in characters.
const REASON: usize = 300;
/// The longest pause with an end, in seconds: ten years.
const LONGEST_PAUSE: u64 = 10 * 366 * 86_400;

/// What a list is asked for.
#[derive(Deserialize)]
pub(super) struct Limits {
    limit: Option<u32>,
}

type Limited = Result<Query<Limits>, QueryRejection>;

fn limit(limited: Limited) -> Result<u32, Refusal> {
    match limited {
        Ok(Query(Limits { limit })) => Ok(limit.unwrap_or(LIMIT).min(MOST)),
        Err(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "`limit` is a number of entries",
        )),
    }
}

pub(super) async fn standing(extract::State(state): extract::State<State>) -> Response {
    fresh(&standing::Standing::from(&*state.desk.standing()))
}

pub(super) async fn runs(
    extract::State(state): extract::State<State>,
    limited: Limited,
) -> Result<Response, Refusal> {
    let runs = state.desk.runs(limit(limited)?).await.map_err(unread)?;
    Ok(fresh(&Runs::new(&runs)))
}

pub(super) async fn incidents(
    extract::State(state): extract::State<State>,
    limited: Limited,
) -> Result<Response, Refusal> {
    let incidents = state.desk.incidents(limit(limited)?).await;
    Ok(fresh(&Incidents::new(&incidents.map_err(unread)?)))
}

pub(super) async fn run(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    Ok(fresh(&Whole::from(&find(&state, &id).await?)))
}

/// The run of this number.
pub(super) async fn find(state: &State, id: &str) -> Result<desk::Whole, Refusal> {
    let found = state.desk.run(number(id)?).await.map_err(unread)?;
    found.ok_or_else(no_run)
}

/// Who asks, as far as it is a person.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Person {
    #[default]
    Command,
    Page,
}

impl From<Person> for TriggerSource {
    fn from(person: Person) -> Self {
        match person {
            Person::Command => TriggerSource::Command,
            Person::Page => TriggerSource::Page,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskBody {
    playbook: String,
    target: Option<String>,
    #[serde(default)]
    dry_run: bool,
    #[serde(default)]
    source: Person,
}

pub(super) async fn ask(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Refusal> {
    let body: AskBody = wish(request).await?;
    let ask = Ask {
        playbook: body.playbook,
        target: meant(&state, body.target.as_deref())?,
        dry_run: body.dry_run,
        source: body.source.into(),
    };
    let answer = state.desk.ask(ask).await.map_err(refused)?;
    let status = match answer {
        desk::Answer::Run(_) => StatusCode::ACCEPTED,
        desk::Answer::Plan(_) => StatusCode::OK,
    };
    Ok((status, Json(Answer::from(&answer))).into_response())
}

pub(super) async fn approve(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = number(&id)?;
    state.desk.approve(id).await.map_err(refused)?;
    Ok(granted(id))
}

pub(super) async fn cancel(
    extract::State(state): extract::State<State>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let id = number(&id)?;
    state.desk.cancel(id).await.map_err(refused)?;
    Ok(granted(id))
}

fn granted(id: RunId) -> Response {
    Json(serde_json::json!({ "version": VERSION, "run": id })).into_response()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PauseBody {
    target: Option<String>,
    /// In seconds.
    r#for: Option<u64>,
    reason: Option<String>,
}

pub(super) async fn pause(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Refusal> {
    let body: PauseBody = wish(request).await?;
    let lasts = match body.r#for {
        Some(seconds) if !(1..=LONGEST_PAUSE).contains(&seconds) => {
            let words = "`for` is a number of seconds, at most ten years";
            return Err(Refusal::new(StatusCode::BAD_REQUEST, words));
        }
        lasts => lasts.map(Duration::from_secs),
    };
    let since: Timestamp = (state.now)().into();
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let pause = Pause {
        target: meant(&state, body.target.as_deref())?,
        since,
        until: lasts.map(|lasts| since.after(lasts)),
        reason: (body.reason.as_deref().unwrap_or("a person asked for it"))
            .chars()
            .take(REASON)
            .map(shown)
            .collect(),
    };
    let answer = status::Pause::from(&pause);
    state.desk.pause(pause).await.map_err(unwritten)?;
    Ok(Json(serde_json::json!({ "version": VERSION, "pause": answer })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResumeBody {
    target: Option<String>,
}

pub(super) async fn resume(
    extract::State(state): extract::State<State>,
    request: Request,
) -> Result<Response, Refusal> {
    let body: ResumeBody = wish(request).await?;
    let target = meant(&state, body.target.as_deref())?;
    let key = target.as_ref().map(Target::key);
    let ended = state.desk.resume(target).await.map_err(unwritten)?;
    let answer = serde_json::json!({ "version": VERSION, "target": key, "ended": ended });
    Ok(Json(answer).into_response())
}

/// The target of this host that is meant.
fn meant(state: &State, target: Option<&str>) -> Result<Option<Target>, Refusal> {
    let meant = target.map(|text| state.desk.targets().meant(text));
    meant
        .transpose()
        .map_err(|words| Refusal::new(StatusCode::NOT_FOUND, words))
}

fn number(id: &str) -> Result<RunId, Refusal> {
    id.parse().map(RunId).map_err(|_| no_run())
}

fn no_run() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "there is no run of this number; `warrener runs` lists them",
    )
}

/// JSON that is not to be kept.
pub(super) fn fresh(body: &impl Serialize) -> Response {
    ([(CACHE_CONTROL, "no-store")], Json(body)).into_response()
}

fn refused(refused: Refused) -> Refusal {
    match refused {
        Refused::NotThere(words) => Refusal::new(StatusCode::NOT_FOUND, words),
        Refused::NotNow(words) => Refusal::new(StatusCode::CONFLICT, words),
        Refused::Ledger(error) => unwritten(error),
        Refused::Stopping => Refusal::later(refused.to_string()),
    }
}

fn unwritten(error: LedgerError) -> Refusal {
    if error.is_observe_only() {
        Refusal::later(format!("it can't be written down: {error}"))
    } else {
        Refusal::new(StatusCode::CONFLICT, error.to_string())
    }
}

pub(super) fn unread(error: LedgerError) -> Refusal {
    Refusal::later(format!("the ledger can't be read: {error}"))
}
