//! One scenario, played step by step.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::Failure;
use super::diff::diff;
use super::file::{Chosen, Event, Given, Scenario, Step};
use super::outside::Outside;
use super::tell::{
    ENDS, HANDS_OVER, expected, stated, tell, tell_goals, tell_known, tell_place, tell_said,
    waiting,
};
use crate::flow::engine::{Button, Effect, Input, Visitor, advance};
use crate::flow::file::At;
use crate::flow::graph::Flow;
use crate::flow::script::Scripts;
use crate::flow::session::{Place, Session};
use crate::flow::template::{as_text, find};

/// What time it is where a scenario does not say: a Monday morning.
const NOW: &str = "2026-01-05T09:00:00Z";
/// Where phone numbers are from where neither the flow nor the scenario says.
const REGION: &str = "US";

/// A chat in memory.
pub(super) struct Player<'a> {
    flow: Flow,
    scripts: &'a Scripts,
    session: Session,
    visitor: Visitor,
    now: DateTime<Utc>,
    /// When the wait for an agent is over.
    due_at: Option<DateTime<Utc>>,
    /// What was offered last.
    offered: Vec<Button>,
}

impl<'a> Player<'a> {
    /// Plays a scenario up to its end or the first step that goes wrong.
    pub(super) async fn play(
        scenario: &Scenario,
        flow: &Flow,
        scripts: &'a Scripts,
    ) -> Result<(), Failure> {
        let given = &scenario.given;
        let mut player = Self {
            flow: flow_from(flow, given)?,
            scripts,
            session: Session {
                answers: given.answers.clone(),
                goals: given.goals.iter().cloned().collect(),
                ..Session::default()
            },
            visitor: visitor(given),
            now: given.now.unwrap_or_else(|| {
                NOW.parse()
                    .expect("a fixed time that is written as times are")
            }),
            due_at: None,
            offered: Vec::new(),
        };
        if let Some(first) = scenario.steps.first()
            && first.value.events() != [Event::Start]
        {
            player.start_unwatched(first).await?;
        }
        for step in &scenario.steps {
            player.take(step).await?;
        }
        Ok(())
    }

    /// The beginning of a chat that the scenario says nothing of. The first step's answers are not for it.
    async fn start_unwatched(&mut self, first: &At<Step>) -> Result<(), Failure> {
        let step = Step::default();
        let mut outside = Outside::new(&step, self.scripts, self.now);
        self.walk(Input::Start, &mut outside).await;
        failure(first.line, "the chat begins".to_owned(), outside.problems)
    }

    async fn take(&mut self, step: &At<Step>) -> Result<(), Failure> {
        let At { value: step, line } = step;
        let events = step.events();
        let event = events.first().unwrap_or(&Event::Start);
        let told = tell(event);
        let mut outside = Outside::new(step, self.scripts, self.now);
        let effects = match self.happen(event, &mut outside).await {
            Ok(effects) => effects,
            Err(cause) => return failure(*line, told, vec![cause]),
        };
        let mut wrong = std::mem::take(&mut outside.problems);
        let unasked = outside.unasked();
        wrong.extend(unasked.map(|node| format!("node `{node}`: asks nothing")));
        let (expected, actual) = (expected(step), self.actual(step, &effects));
        if expected != actual {
            wrong.extend(diff(&expected, &actual));
        }
        if !wrong.is_empty() {
            wrong.append(&mut outside.notes);
        }
        failure(*line, told, wrong)
    }

    /// Lets something happen, and tells what comes of it; an error if it cannot happen now.
    async fn happen(
        &mut self,
        event: &Event,
        outside: &mut Outside<'_>,
    ) -> Result<Vec<Effect>, String> {
        let is_live = matches!(self.session.place, Place::Live { .. });
        let is_over = self.session.place == Place::Ended;
        match event {
            Event::Says(_) | Event::Chooses(_) if is_over => Err("the chat has ended".to_owned()),
            Event::AgentSays | Event::AgentEnds | Event::VisitorDeclines if !is_live => {
                Err("the agents do not have the chat".to_owned())
            }
            Event::Start => Ok(self.walk(Input::Start, outside).await),
            Event::Says(text) => {
                let payload = None;
                Ok(self.walk(Input::Reply { text, payload }, outside).await)
            }
            Event::Chooses(chosen) => {
                let Button { title, payload } = self.chosen(chosen)?;
                let (text, payload) = (title.as_str(), Some(payload));
                Ok(self.walk(Input::Reply { text, payload }, outside).await)
            }
            Event::AgentSays => {
                self.due_at = None;
                Ok(Vec::new())
            }
            Event::AgentEnds => Ok(self.walk(Input::AgentEnded, outside).await),
            Event::VisitorDeclines => Ok(self.walk(Input::VisitorDeclined, outside).await),
            Event::Wait(time) => {
                self.now += *time;
                outside.now = self.now;
                if self.due_at.is_some_and(|due_at| due_at <= self.now) {
                    return Ok(self.walk(Input::LiveTimeout, outside).await);
                }
                Ok(Vec::new())
            }
        }
    }

    fn chosen(&self, chosen: &Chosen) -> Result<Button, String> {
        let mut offered = self.offered.iter();
        let found = offered.find(|button| match chosen {
            Chosen::Title(title) => button.title == *title,
            Chosen::Payload(payload) => button.payload == *payload,
        });
        found.cloned().ok_or_else(|| {
            let titles = self.offered.iter().map(|button| button.title.as_str());
            let titles: Vec<&str> = titles.collect();
            if titles.is_empty() {
                "nothing is offered to choose from".to_owned()
            } else {
                format!("only this is offered: {}", titles.join(", "))
            }
        })
    }

    /// A turn, with what is asked outside on the way.
    async fn walk(&mut self, input: Input<'_>, outside: &mut Outside<'_>) -> Vec<Effect> {
        let (session, visitor) = (self.session.clone(), self.visitor.clone());
        let mut turn = advance(&self.flow, session, visitor, input);
        let mut effects = Vec::new();
        while let Some(Effect::Call(call)) = turn.effects.pop_if(|last| last.is_call()) {
            effects.append(&mut turn.effects);
            let outcome = outside.ask(call).await;
            let returned = Input::Returned(&outcome);
            turn = advance(&self.flow, turn.session, turn.visitor, returned);
        }
        effects.append(&mut turn.effects);
        self.session = turn.session;
        self.visitor = turn.visitor;
        self.note(&effects);
        effects
    }

    /// Keeps what later steps depend on.
    fn note(&mut self, effects: &[Effect]) {
        if !matches!(self.session.place, Place::Live { .. }) {
            self.due_at = None;
        }
        for effect in effects {
            match effect {
                Effect::Say(say) if !say.options.is_empty() => {
                    self.offered.clone_from(&say.options);
                }
                Effect::HandOver { timeout_secs } => {
                    let wait = timeout_secs.map(|secs| TimeDelta::seconds(secs.into()));
                    self.due_at = wait.map(|wait| self.now + wait);
                }
                Effect::Say(_) | Effect::SetContact(_) | Effect::Call(_) | Effect::End => {}
            }
        }
    }

    /// What came of a step, told in the way in which the step tells it.
    fn actual(&self, step: &Step, effects: &[Effect]) -> Vec<String> {
        let mut lines = Vec::new();
        let mut said = step.bot.0.iter();
        for effect in effects {
            match effect {
                Effect::Say(say) => lines.push(tell_said(say, said.next())),
                Effect::HandOver { .. } => lines.push(HANDS_OVER.to_owned()),
                Effect::End => lines.push(ENDS.to_owned()),
                Effect::SetContact(_) | Effect::Call(_) => {}
            }
        }
        let session = &self.session;
        if step.at.is_some() {
            lines.push(tell_place(waiting(&session.place)));
        }
        let known = self.known();
        for ((name, stated), known) in stated(step).into_iter().zip(&known) {
            let keys = stated.keys();
            lines.extend(keys.map(|key| tell_known(name, key, find(known, key))));
        }
        if step.goals.is_some() {
            lines.push(tell_goals(session.goals.iter()));
        }
        lines
    }

    /// What is known, in the order of [`stated`].
    fn known(&self) -> [Map<String, Value>; 4] {
        let (session, visitor) = (&self.session, &self.visitor);
        let answers = session.answers.iter();
        let mut user = visitor.properties.0.clone();
        let name = Some(&visitor.name).filter(|name| !name.is_empty());
        user.insert("name".to_owned(), json!(name));
        user.insert("email".to_owned(), json!(visitor.email));
        user.insert("phone".to_owned(), json!(visitor.phone_number));
        [
            session.vars.clone(),
            answers
                .map(|(node, answer)| (node.clone(), json!(answer)))
                .collect(),
            user,
            session.results.clone(),
        ]
    }
}

fn flow_from(flow: &Flow, given: &Given) -> Result<Flow, Failure> {
    let mut flow = flow.clone();
    flow.variables.extend(given.vars.clone());
    if let Some(from) = &given.from {
        if !flow.nodes.contains_key(&from.value) {
            let cause = format!("`{}` is no node", from.value);
            failure(from.line, "the chat begins".to_owned(), vec![cause])?;
        }
        flow.start.clone_from(&from.value);
    }
    Ok(flow)
}

fn visitor(given: &Given) -> Visitor {
    let mut properties = given.user.clone();
    let mut text = |key| properties.remove(key).and_then(as_text);
    let region = given.region.as_deref().unwrap_or(REGION);
    Visitor {
        name: text("name").unwrap_or_default(),
        email: text("email"),
        phone_number: text("phone"),
        properties: properties.into(),
        metadata: given.metadata.clone().into(),
        region: region.to_owned(),
    }
}

fn failure(line: Option<u64>, event: String, differences: Vec<String>) -> Result<(), Failure> {
    if differences.is_empty() {
        return Ok(());
    }
    Err(Failure {
        line,
        event,
        differences,
    })
}
