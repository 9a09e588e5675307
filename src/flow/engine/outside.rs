//! The nodes that ask outside: what they ask, and what becomes of what comes back.

use serde_json::{Map, Value, json};

use super::answer::read_name;
use super::{Button, ContactChange, Effect, Say, Walk};
use crate::flow::call::{self, Answer, Ask, Call, Context, Detected, Fault, Outcome, Returned};
use crate::flow::compile::fold;
use crate::flow::graph::{Dialogflow, Node, Plugin, Script, Setting, Way};
use crate::flow::session::{Offered, Place};
use crate::model::{Email, PhoneNumber};

/// The most that all variables of a chat come to, in bytes of JSON, and that all results do.
const MAX_KEPT: usize = 64 * 1024;
/// The longest text that a variable is set to by its flow, in characters.
const MAX_SET: usize = 4_000;
/// The longest name of a visitor's property, in bytes.
const MAX_KEY: usize = 255;

impl<'a> Walk<'a> {
    pub(super) fn call_script(&mut self, name: &str, script: &Script) {
        let ask = Ask::Script {
            source: script.source.clone(),
            context: self.context(),
        };
        self.call(name, ask, 0);
    }

    /// Asks a plugin that answered `turns` times before.
    pub(super) fn call_plugin(
        &mut self,
        name: &str,
        plugin: &Plugin,
        text: Option<String>,
        turns: u32,
    ) {
        let ask = Ask::Plugin {
            url: plugin.url.clone(),
            timeout_ms: plugin.timeout_ms,
            text: text.or_else(|| self.session.words.clone()),
            turn: turns.saturating_add(1),
            context: self.context(),
        };
        self.call(name, ask, turns);
    }

    pub(super) fn call_dialogflow(&mut self, name: &str, ask: &'a Dialogflow) {
        let words = self.session.words.as_deref().unwrap_or_default();
        if words.is_empty() {
            return self.go(&ask.on_error);
        }
        let language = ask.language.clone().unwrap_or_else(|| self.language());
        let ask = Ask::Dialogflow {
            agent: ask.agent.clone(),
            language,
            text: words.to_owned(),
        };
        self.call(name, ask, 0);
    }

    fn call(&mut self, name: &str, ask: Ask, turns: u32) {
        self.session.place = Place::Calling {
            node: name.to_owned(),
            steps: self.steps,
            turns,
        };
        self.effects.push(Effect::Call(Call {
            node: name.to_owned(),
            ask,
        }));
    }

    fn context(&self) -> Context {
        let visitor = &self.visitor;
        let mut user = visitor.properties.0.clone();
        user.insert("name".to_owned(), json!(visitor.name));
        user.insert("email".to_owned(), json!(visitor.email));
        user.insert("phone".to_owned(), json!(visitor.phone_number));
        let answers = self.session.answers.iter();
        Context {
            user,
            answers: answers
                .map(|(node, answer)| (node.clone(), Value::from(answer.clone())))
                .collect(),
            metadata: visitor.metadata.0.clone(),
            vars: self.session.vars.clone(),
            goals: self.session.goals.iter().cloned().collect(),
        }
    }

    /// Goes on with what came back.
    pub(super) fn returned(&mut self, name: &str, turns: u32, outcome: &Result<Returned, Fault>) {
        let way = match (self.flow.nodes.get(name), outcome) {
            (Some(Node::Script(script)), Ok(Returned::Script(outcome))) => {
                let way = self.script_ended(name, script, outcome);
                Some(way.unwrap_or(&script.on_error))
            }
            (Some(Node::Script(script)), _) => Some(&script.on_error),
            (Some(Node::Dialogflow(ask)), Ok(Returned::Dialogflow(detected))) => {
                let way = self.detected(name, ask, detected);
                Some(way.unwrap_or(&ask.on_error))
            }
            (Some(Node::Dialogflow(ask)), _) => Some(&ask.on_error),
            (Some(Node::Plugin(plugin)), Ok(Returned::Plugin(answer))) => {
                self.plugin_answered((name, plugin), turns, answer)
            }
            (Some(Node::Plugin(plugin)), Err(Fault::TimedOut)) => Some(&plugin.timed_out),
            (Some(Node::Plugin(plugin)), _) => Some(&plugin.on_error),
            // None of these asks, so only a session of another flow could be there.
            (
                Some(
                    Node::Say { .. }
                    | Node::Link { .. }
                    | Node::Goal { .. }
                    | Node::Set { .. }
                    | Node::Condition { .. }
                    | Node::Ask { .. }
                    | Node::LiveAgent(_),
                )
                | None,
                _,
            ) => Some(&Way::End),
        };
        if let Some(way) = way {
            self.go(way);
        }
    }

    /// The script's way, unless what it did cannot be kept.
    fn script_ended(
        &mut self,
        name: &str,
        script: &'a Script,
        outcome: &Outcome,
    ) -> Option<&'a Way> {
        let way = match &outcome.next {
            None => &script.next,
            Some(named) => script.ways.get(named)?,
        };
        self.keep(&outcome.vars, (name, &outcome.result))?;
        self.set_user(&outcome.user);
        for text in outcome.said.iter().filter(|text| !text.trim().is_empty()) {
            self.say_plainly(text, Vec::new());
        }
        Some(way)
    }

    fn detected(
        &mut self,
        name: &str,
        ask: &'a Dialogflow,
        detected: &Detected,
    ) -> Option<&'a Way> {
        let mut vars = Map::new();
        for (parameter, variable) in &ask.parameters {
            if let Some(value) = detected.parameters.get(parameter) {
                vars.insert(variable.clone(), value.clone());
            }
        }
        if let Some(variable) = &ask.payload {
            let payload = detected.payload.clone().unwrap_or_default();
            vars.insert(variable.clone(), payload);
        }
        let result = json!({
            "intent": detected.intent,
            "confidence": detected.confidence,
            "parameters": detected.parameters,
        });
        self.keep(&vars, (name, &result))?;
        if !ask.silent {
            let texts = detected.texts.iter();
            for text in texts.filter(|text| !text.trim().is_empty()) {
                self.say_plainly(text, Vec::new());
            }
        }
        let intent = detected.intent.as_ref();
        Some(match intent.and_then(|intent| ask.intents.get(intent)) {
            _ if detected.is_fallback => &ask.fallback,
            Some(way) => way,
            None => &ask.next,
        })
    }

    /// The way that the plugin leads to; nothing if the visitor is to say something first.
    fn plugin_answered(
        &mut self,
        (name, plugin): (&str, &'a Plugin),
        turns: u32,
        answer: &Answer,
    ) -> Option<&'a Way> {
        let Some(way) = plugin.way(answer.way.as_deref()) else {
            return Some(&plugin.on_error);
        };
        let result = json!({ "way": answer.way });
        if self.keep(&answer.vars, (name, &result)).is_none() {
            return Some(&plugin.on_error);
        }
        self.set_user(&answer.user);
        let offers = offers(&answer.options);
        self.say_answer(&answer.messages, &offers);
        let done = answer.done || !plugin.until_done;
        if done && offers.is_empty() {
            return Some(way);
        }
        self.session.place = Place::Plugin {
            node: name.to_owned(),
            turns: turns.saturating_add(1),
            offers,
            done,
            way: answer.way.clone(),
        };
        None
    }

    /// What the visitor says to a plugin.
    pub(super) fn answer_plugin(&mut self, place: Place, text: &str, payload: Option<i64>) {
        let Place::Plugin {
            node,
            turns,
            offers,
            done,
            way,
        } = place
        else {
            return;
        };
        self.hear(text);
        let Some(Node::Plugin(plugin)) = self.flow.nodes.get(&node) else {
            return self.end();
        };
        let chosen = offers
            .iter()
            .find(|offer| offer.is_chosen(text, payload))
            .cloned();
        match chosen {
            Some(offer) if done => {
                self.remember(&node, &offer.title);
                self.go(plugin.way(way.as_deref()).unwrap_or(&plugin.on_error));
            }
            None if done => self.offer_again(plugin, &offers),
            Some(offer) => {
                self.remember(&node, &offer.title);
                self.call_plugin(&node, plugin, Some(offer.value), turns);
            }
            None => {
                self.remember(&node, text.trim());
                self.call_plugin(&node, plugin, None, turns);
            }
        }
    }

    fn offer_again(&mut self, plugin: &Plugin, offers: &[Offered]) {
        if plugin.retry.messages.default.is_empty() {
            self.say_answer(&[], offers);
        } else {
            let buttons = offers.iter().map(Offered::button).collect();
            self.say(&plugin.retry, buttons);
        }
    }

    fn say_answer(&mut self, messages: &[call::Said], offers: &[Offered]) {
        let first = self.effects.len();
        for message in messages {
            self.say_plainly(&message.text, Vec::new());
            if let Some(Effect::Say(say)) = self.effects.last_mut() {
                say.rich.clone_from(&message.rich);
            }
        }
        if offers.is_empty() {
            return;
        }
        let buttons: Vec<Button> = offers.iter().map(Offered::button).collect();
        match self.effects.get_mut(first..).and_then(<[Effect]>::last_mut) {
            Some(Effect::Say(say)) => say.options = buttons,
            _ => {
                let titles: Vec<&str> = offers.iter().map(|offer| offer.title.as_str()).collect();
                self.say_plainly(&titles.join(" / "), buttons);
            }
        }
    }

    fn say_plainly(&mut self, text: &str, options: Vec<Button>) {
        self.effects.push(Effect::Say(Say {
            text: text.replace('\0', ""),
            options,
            rich: None,
            typing_ms: None,
        }));
    }

    pub(super) fn set(&mut self, vars: &[(String, Setting)], user: &[(String, Setting)]) {
        let vars: Map<String, Value> = self.settings(vars);
        self.session.vars.extend(vars);
        let user = self.settings(user);
        self.set_user(&user);
    }

    fn settings(&self, settings: &[(String, Setting)]) -> Map<String, Value> {
        let settings = settings.iter().map(|(key, setting)| {
            let value = match setting {
                Setting::Text(text) => {
                    let text: String = self.render(text).chars().take(MAX_SET).collect();
                    Value::String(text)
                }
                Setting::Value(value) => value.clone(),
            };
            (key.clone(), value)
        });
        settings.collect()
    }

    /// Keeps variables and a node's result, unless a chat would then remember too much.
    fn keep(&mut self, vars: &Map<String, Value>, (node, result): (&str, &Value)) -> Option<()> {
        let merged = |kept: &Map<String, Value>, more: Map<String, Value>| {
            let mut kept = kept.clone();
            kept.extend(more);
            let size = serde_json::to_string(&kept).map_or(usize::MAX, |text| text.len());
            (size <= MAX_KEPT).then_some(kept)
        };
        let vars = merged(&self.session.vars, without_nul(vars.clone()))?;
        let result = Map::from_iter([(node.to_owned(), result.clone())]);
        self.session.results = merged(&self.session.results, without_nul(result))?;
        self.session.vars = vars;
        Some(())
    }

    /// Keeps properties of the visitor; of name, e-mail address and phone number only what is one.
    fn set_user(&mut self, user: &Map<String, Value>) {
        for (key, value) in without_nul(user.clone()) {
            let text = || Self::text(&value).unwrap_or_default();
            let change = match key.as_str() {
                "name" => read_name(&text()).map(ContactChange::Name),
                "email" => Email::parse(&text()).ok().map(ContactChange::Email),
                "phone" => {
                    let region = self.flow.region.as_ref().unwrap_or(&self.visitor.region);
                    let number = PhoneNumber::parse(&text(), region);
                    number.ok().map(ContactChange::PhoneNumber)
                }
                _ if key.is_empty() || key.len() > MAX_KEY => None,
                _ => Some(ContactChange::Property(key, value)),
            };
            if let Some(change) = change {
                self.change_contact(change);
            }
        }
    }
}

impl Plugin {
    /// The way that a plugin names, if there is one of that name.
    fn way(&self, name: Option<&str>) -> Option<&Way> {
        match name {
            Some(name) => self.ways.get(name),
            None => Some(&self.next),
        }
    }
}

impl Offered {
    fn is_chosen(&self, text: &str, payload: Option<i64>) -> bool {
        match payload {
            Some(payload) => self.payload == payload,
            None => fold(&self.title) == fold(text),
        }
    }

    fn button(&self) -> Button {
        Button {
            title: self.title.clone(),
            payload: self.payload,
        }
    }
}

/// A plugin's options with numbers to choose them by.
fn offers(options: &[call::Choice]) -> Vec<Offered> {
    let options = options.iter().zip(1..);
    options
        .map(|(option, payload)| Offered {
            title: option.title.replace('\0', ""),
            value: option.value.replace('\0', ""),
            payload,
        })
        .collect()
}

/// PostgreSQL keeps no NUL.
fn without_nul(map: Map<String, Value>) -> Map<String, Value> {
    let map = map.into_iter();
    map.map(|(key, value)| (key.replace('\0', ""), clean(value)))
        .collect()
}

fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "")),
        Value::Array(items) => items.into_iter().map(clean).collect(),
        Value::Object(map) => Value::Object(without_nul(map)),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}
