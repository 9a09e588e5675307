//! What is expected and what came of it, told line by line in the same words, so that the two can be compared.

use serde_json::{Map, Value, json};

use super::file::{Chosen, Event, Message, Step};
use crate::flow::engine::Say;
use crate::flow::session::Place;
use crate::model::{Rich, RichKind};

pub(super) const HANDS_OVER: &str = "hands over to the agents";
pub(super) const ENDS: &str = "ends";

/// What a step says that comes of it.
pub(super) fn expected(step: &Step) -> Vec<String> {
    let messages = step.bot.0.iter();
    let mut lines: Vec<String> = messages.map(tell_expected).collect();
    lines.extend(step.hands_over.then(|| HANDS_OVER.to_owned()));
    lines.extend(step.ends.then(|| ENDS.to_owned()));
    lines.extend(step.at.as_deref().map(|node| tell_place(Some(node))));
    for (name, stated) in stated(step) {
        let stated = stated.iter();
        lines.extend(stated.map(|(key, value)| tell_known(name, key, Some(value))));
    }
    if let Some(goals) = &step.goals {
        let mut goals: Vec<&String> = goals.iter().collect();
        goals.sort();
        lines.push(tell_goals(goals.into_iter()));
    }
    lines
}

/// What a step says is known afterwards.
pub(super) fn stated(step: &Step) -> [(&'static str, &Map<String, Value>); 4] {
    [
        ("vars", &step.vars),
        ("answers", &step.answers),
        ("user", &step.user),
        ("results", &step.results),
    ]
}

pub(super) fn tell(event: &Event) -> String {
    match event {
        Event::Start => "the chat begins".to_owned(),
        Event::Says(text) => format!("the visitor says {text:?}"),
        Event::Chooses(Chosen::Title(title)) => format!("the visitor chooses {title:?}"),
        Event::Chooses(Chosen::Payload(payload)) => format!("the visitor chooses {payload}"),
        Event::AgentSays => "an agent says something".to_owned(),
        Event::AgentEnds => "the agent ends the live part".to_owned(),
        Event::VisitorDeclines => "the visitor leaves the agents".to_owned(),
        Event::Wait(time) => format!("{} s go by", time.num_seconds()),
    }
}

fn tell_expected(message: &Message) -> String {
    let options = message.options.iter();
    let options = options.map(|option| (option.0.title.as_str(), option.0.payload));
    let rich = message.rich.as_ref().map(normal);
    tell_message(&message.text, options, rich, message.typing_ms)
}

/// A message as `expected` would tell it: what is not stated there is left out, unless it is an option or rich.
pub(super) fn tell_said(say: &Say, expected: Option<&Message>) -> String {
    let stated = |at: usize| {
        expected.is_some_and(|message| {
            let option = message.options.get(at);
            option.is_some_and(|option| option.0.payload.is_some())
        })
    };
    let options = say.options.iter().enumerate();
    let options = options.map(|(at, option)| {
        let payload = stated(at).then_some(option.payload);
        (option.title.as_str(), payload)
    });
    let rich = say.rich.as_ref().map(rich_json);
    let typing_ms = expected.and_then(|message| message.typing_ms);
    let typing_ms = typing_ms.map(|_| say.typing_ms.unwrap_or_default());
    tell_message(&say.text, options, rich, typing_ms)
}

fn tell_message<'a>(
    text: &str,
    options: impl Iterator<Item = (&'a str, Option<i64>)>,
    rich: Option<Value>,
    typing_ms: Option<u32>,
) -> String {
    let mut line = format!("says {}", text.replace('\n', "⏎"));
    for (title, payload) in options {
        let payload = payload.map(|payload| format!(" = {payload}"));
        line.push_str(&format!(" [{title}{}]", payload.unwrap_or_default()));
    }
    if let Some(rich) = rich {
        line.push_str(&format!(" with {rich}"));
    }
    if let Some(typing_ms) = typing_ms {
        line.push_str(&format!(" after {typing_ms} ms of typing"));
    }
    line
}

/// Rich content as the engine has it, whose readers leave things out and fill others in.
fn normal(stated: &Map<String, Value>) -> Value {
    let kind = stated.get("type").and_then(Value::as_str);
    let kind = kind.and_then(RichKind::parse);
    let rich = kind.and_then(|kind| {
        let body = stated.get(kind.as_str())?;
        Rich::parse(kind, body).ok()
    });
    rich.map_or_else(|| Value::Object(stated.clone()), |rich| rich_json(&rich))
}

fn rich_json(rich: &Rich) -> Value {
    json!({ "type": rich.kind.as_str(), rich.kind.as_str(): rich.body })
}

pub(super) fn waiting(place: &Place) -> Option<&str> {
    match place {
        Place::Question { node, .. }
        | Place::Plugin { node, .. }
        | Place::Calling { node, .. }
        | Place::Live { node } => Some(node),
        Place::Beginning | Place::Ended => None,
    }
}

pub(super) fn tell_place(node: Option<&str>) -> String {
    match node {
        Some(node) => format!("waits at {node}"),
        None => "waits for nobody".to_owned(),
    }
}

pub(super) fn tell_known(name: &str, key: &str, value: Option<&Value>) -> String {
    match value.filter(|value| !value.is_null()) {
        Some(value) => format!("{name}.{key} = {value}"),
        None => format!("{name}.{key} is not set"),
    }
}

pub(super) fn tell_goals<'a>(goals: impl Iterator<Item = &'a String>) -> String {
    let goals: Vec<&str> = goals.map(String::as_str).collect();
    format!("goals reached: [{}]", goals.join(", "))
}
