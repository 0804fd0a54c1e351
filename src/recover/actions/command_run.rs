//! `command.run`: a team's own program, its arguments as the playbook has them. Of the run it is told
//! the number, and nothing that came from an alert.

use super::{Asked, Effect, Hands, Next, Plan, World, foreign, job};
use crate::model::{Failure, Reason, Risk, StepResult};
use crate::platform::exec::Refusal;
use crate::platform::program::{Ended, run};
use crate::recover::playbook::CommandArgs;

/// In the program's environment: the number of the run.
const RUN: &str = "WARRENER_RUN";
/// Of a program's name so many characters are told.
const TOLD: usize = 300;

pub(super) async fn next(
    command: &CommandArgs,
    asked: &Asked<'_>,
    world: &World,
    _hands: &Hands,
) -> Next {
    if let Some(why) = foreign(asked, world) {
        return Next::Refuse(why);
    }
    let told = told(&command.argv);
    match asked.own.last().map(|step| step.done.as_ref()) {
        Some(Some(done)) => match done.result {
            StepResult::Done | StepResult::Needless | StepResult::ObservedDone => {
                return Next::Done(done.words.clone());
            }
            // Nothing shows whether it ran.
            StepResult::Unknown if command.risk.0 > Risk::Safe => return unknown(&told),
            _ => {}
        },
        Some(None) if command.risk.0 > Risk::Safe => return unknown(&told),
        Some(None) | None => {}
    }
    let argv = command.argv.clone();
    let number = asked.run.id.0.to_string();
    let deadline = asked.step.timeout.get();
    Next::Act(Plan {
        words: format!("run {told}"),
        target: asked.run.target.clone(),
        before: Vec::new(),
        victims: None,
        job: job(move |_| async move {
            let Ended { outcome, last_line } = run(&argv, &[(RUN, number)], deadline).await;
            let said = last_line.map_or_else(String::new, |line| format!("; it said: {line}"));
            match outcome {
                Ok(()) => Ok(Effect::done(format!("{told} ended with 0{said}"))),
                Err(refusal) => {
                    let reason = match refusal {
                        Refusal::Start(_) => Reason::Io,
                        Refusal::Ended(_) => Reason::Status,
                        Refusal::Deadline(_) => Reason::Timeout,
                    };
                    Err(Failure::new(reason, format!("{told} {refusal}{said}")))
                }
            }
        }),
    })
}

fn unknown(told: &str) -> Next {
    Next::Refuse(format!(
        "warrener ended while {told} ran, and nothing shows whether it did its work; it is not run \
         twice"
    ))
}

/// The program, and how many arguments it has: what they are may be a secret, and a plan is shown to
/// everybody. The playbook's file has them.
fn told(argv: &[String]) -> String {
    let shown = |c: char| if c.is_control() { '\u{fffd}' } else { c };
    let program = argv.first().map_or("", String::as_str);
    let program: String = program.chars().take(TOLD).map(shown).collect();
    match argv.len().saturating_sub(1) {
        0 => program,
        1 => format!("{program} with 1 argument"),
        many => format!("{program} with {many} arguments"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::stage::{End, Stage};
    use super::*;

    fn stage() -> Stage {
        Stage::new("", &[], Reason::Auth)
    }

    fn action(script: &str, risk: &str) -> String {
        format!("command.run: {{argv: [sh, -c, '{script}'], risk: {risk}}}")
    }

    #[tokio::test]
    async fn it_runs_once_and_its_words_are_kept() {
        let mut stage = stage();
        let count = stage.path("count");
        let script = format!("echo $WARRENER_RUN >> {}; echo all good", count.display());
        let (told, end) = stage.step(&action(&script, "disruptive")).await;
        assert_eq!(stage.text("count"), "7\n");
        assert_eq!(told[0], "run sh with 2 arguments");
        assert!(
            told[1].ends_with("ended with 0; it said: all good"),
            "{told:?}"
        );
        assert_eq!(end, End::Done(told[1].clone()));
    }

    #[tokio::test]
    async fn what_can_not_be_told_after_a_crash_is_not_run_again() {
        for (risk, again) in [("drastic", false), ("safe", true)] {
            let mut stage = stage();
            let action = action("exit 0", risk);
            let plan = stage.plan(&action).await;
            stage.act(plan).await.unwrap();
            stage.crashed();
            let next = stage.next(&action).await;
            assert_eq!(matches!(next, Next::Act(_)), again, "{risk}");
            assert_eq!(matches!(next, Next::Refuse(_)), !again, "{risk}");
        }
    }

    #[tokio::test]
    async fn its_failure_is_the_steps() {
        let mut stage = stage();
        let (_, end) = stage.step(&action("echo broken >&2; exit 4", "safe")).await;
        let End::Failed(failure) = end else {
            panic!("{end:?}")
        };
        assert_eq!(failure.reason, Reason::Status);
        let said = "ended with 4; it said: broken";
        assert!(failure.message.ends_with(said), "{failure}");
        let (_, end) = stage.step("command.run: {argv: [/nowhere/x]}").await;
        assert!(matches!(end, End::Failed(f) if f.reason == Reason::Io));
    }
}
