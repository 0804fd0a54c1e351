//! What a playbook would do now, exactly; nothing is done or written down.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout;

use super::shared::Shared;
use super::step::touches;
use crate::model::{
    Incident, IncidentId, IncidentKey, Risk, Run, RunId, RunMode, RunState, Target, TriggerCode,
    TriggerSource,
};
use crate::recover::actions::{self, Asked, Next, World};
use crate::recover::desk::{DryRun, PlannedRung, PlannedStep, Refused};
use crate::recover::guard::{self, Request};
use crate::recover::playbook::{Action, Playbook, Step};
use crate::recover::verify;

/// A control that takes longer is not waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// What `playbook` would do; in a task of its own, as controls may take their time.
pub(super) async fn dry_run(
    shared: Arc<Shared>,
    playbook: Playbook,
    target: Target,
    source: TriggerSource,
    world: World,
) -> Result<DryRun, Refused> {
    let (playbook, target, world) = (&playbook, &target, &world);
    let now = shared.now();
    let asked_for = TriggerCode::Asked(playbook.name.clone());
    let symptom = verify::symptom(&asked_for, target, playbook, world);
    let code = symptom.map_or(asked_for, |finding| TriggerCode::Finding(finding.code));
    let incident = Incident {
        id: IncidentId(0),
        key: IncidentKey {
            code: code.clone(),
            target: target.clone(),
        },
        opened_at: now,
        closed_at: None,
        cause: None,
    };
    let run = Run {
        id: RunId(0),
        incident: incident.id,
        playbook: playbook.name.clone(),
        target: target.clone(),
        touches: touches(target, playbook, world),
        source,
        mode: RunMode::Propose,
        state: RunState::Proposed,
        rung: 0,
        hold: None,
        created_at: now,
        started_at: None,
        ended_at: None,
    };
    let record = shared.record().await?;
    let node = shared.node(world).await;
    let trouble = shared.ledger.trouble();
    let mut rungs = Vec::new();
    let mut first: Vec<Step> = Vec::new();
    for (_, rung) in playbook.rungs_for(&code) {
        if first.is_empty() {
            first.clone_from(&rung.steps);
        }
        let mut steps = Vec::new();
        for step in &rung.steps {
            let asked = Asked {
                incident: &incident,
                run: &run,
                step,
                begun_at: now,
                journal: &[],
                own: &[],
            };
            let hands = Arc::clone(&shared.setup().hands);
            let next = timeout(PATIENCE, actions::next(&asked, world, &hands)).await;
            let words = match next {
                Ok(Next::Act(plan)) => plan.words,
                Ok(Next::Wait(words)) => format!("would wait: {words}"),
                Ok(Next::Done(words)) => format!("nothing to do: {words}"),
                Ok(Next::Refuse(words)) => format!("can't: {words}"),
                Err(_) => "its control does not answer, or is at work".to_owned(),
            };
            steps.push(PlannedStep {
                action: step.action.name().to_owned(),
                risk: step.action.risk(),
                words,
            });
        }
        let name = rung.name.clone();
        rungs.push(PlannedRung { name, steps });
    }
    if playbook.drives.is_some() {
        rungs.push(driven_plan(&shared, world));
    }
    let restarts = first
        .iter()
        .any(|step| matches!(step.action, Action::BrokerRestart(_)));
    let cluster = match restarts && node.is == guard::LocalNode::Hung {
        true => super::peers::cluster(world).await,
        false => guard::Cluster::default(),
    };
    let silence = shared.silence(incident.id, &incident.key).await;
    let request = Request {
        run: None,
        code: &code,
        target: Some(target),
        source,
        approved: false,
        playbook,
        steps: &first,
        touches: &run.touches,
        victims: None,
        silence: silence.as_ref(),
    };
    let view = record.view(world, node, &cluster, trouble.as_ref());
    Ok(DryRun {
        playbook: playbook.name.clone(),
        target: target.key(),
        holds: guard::holds(&request, &view),
        rungs,
    })
}

/// What an emergency would drive.
fn driven_plan(shared: &Shared, world: &World) -> PlannedRung {
    let setup = shared.setup();
    let mut findings: Vec<_> = world.assessment.findings.iter().collect();
    findings.sort_by_key(|finding| crate::assess::rank(finding.code));
    let steps = findings.into_iter().filter_map(|finding| {
        let workers = world.targets.workers_of(&finding.target);
        let code = TriggerCode::Finding(finding.code);
        let playbook = setup.playbooks.matching(&code, &workers)?;
        let risk = playbook.rungs_for(&code).map(|(_, rung)| rung.risk()).max();
        Some(PlannedStep {
            action: playbook.name.clone(),
            risk: risk.unwrap_or(Risk::Safe),
            words: format!("for {}", finding.key()),
        })
    });
    PlannedRung {
        name: "in this order".to_owned(),
        steps: steps.collect(),
    }
}
