//! What the bot says, in the visitor's language and with what is known put in.

use serde_json::Value;

use super::{Button, Effect, Say, Walk};
use crate::flow::graph::{Choice, Texts, Wants};
use crate::flow::template::{Reference, Template, as_text, find};
use crate::model::Rich;

/// The key under which a chat is started with the visitor's language.
const LANGUAGE: &str = "language";

impl Walk<'_> {
    /// One message a text; the options go with the last.
    pub(super) fn say(&mut self, texts: &Texts, mut buttons: Vec<Button>) {
        let messages = self.messages(texts);
        let last = messages.len().saturating_sub(1);
        for (at, text) in messages.into_iter().enumerate() {
            self.effects.push(Effect::Say(Say {
                text,
                options: if at == last {
                    std::mem::take(&mut buttons)
                } else {
                    Vec::new()
                },
                rich: None,
                typing_ms: texts.typing_ms,
            }));
        }
    }

    /// The same with a richer form of the last text, which has words of its own where the author gave none.
    pub(super) fn say_richly(&mut self, texts: &Texts, rich: Option<&Rich>) {
        self.say(texts, Vec::new());
        let Some(rich) = rich else { return };
        let rich = Rich {
            kind: rich.kind,
            body: self.filled(&rich.body),
        };
        match self.effects.last_mut() {
            Some(Effect::Say(say)) if !texts.messages.default.is_empty() => say.rich = Some(rich),
            _ => self.effects.push(Effect::Say(Say {
                text: rich.fallback_text(),
                options: Vec::new(),
                rich: Some(rich),
                typing_ms: texts.typing_ms,
            })),
        }
    }

    fn messages(&self, texts: &Texts) -> Vec<String> {
        let messages = texts.messages.in_language(&self.language());
        messages.iter().map(|text| self.render(text)).collect()
    }

    pub(super) fn render(&self, text: &Template) -> String {
        text.render(|reference| self.value(reference))
    }

    /// A value whose texts have their placeholders replaced.
    fn filled(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.contains("{{") => match Template::parse(text) {
                Ok(template) => Value::String(self.render(&template)),
                Err(_) => value.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(map) => {
                let map = map.iter();
                let map = map.map(|(key, item)| (key.clone(), self.filled(item)));
                Value::Object(map.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    pub(super) fn buttons(&self, wants: &Wants) -> Vec<Button> {
        match wants {
            Wants::Choice(branches) => {
                let choices = branches.iter().map(|branch| &branch.choice);
                choices.map(|choice| self.button(choice)).collect()
            }
            Wants::Text(..) => Vec::new(),
        }
    }

    pub(super) fn button(&self, choice: &Choice) -> Button {
        Button {
            title: choice.title.in_language(&self.language()).clone(),
            payload: choice.payload,
        }
    }

    /// The language that the chat was started with, or else the flow's.
    pub(super) fn language(&self) -> String {
        let language = self.visitor.metadata.get(LANGUAGE);
        let language = language.and_then(Value::as_str);
        language.unwrap_or(&self.flow.language).to_owned()
    }

    /// What is known.
    pub(super) fn value(&self, reference: &Reference) -> Option<Value> {
        let visitor = &self.visitor;
        let session = &self.session;
        match reference {
            Reference::User(key) => match key.as_str() {
                "name" => Some(Value::from(visitor.name.clone())),
                "email" => visitor.email.clone().map(Value::from),
                "phone" => visitor.phone_number.clone().map(Value::from),
                path => find(&visitor.properties, path).cloned(),
            },
            Reference::Answer(node) => session.answers.get(node).cloned().map(Value::from),
            Reference::Metadata(path) => find(&visitor.metadata, path).cloned(),
            Reference::Var(path) => find(&session.vars, path).cloned(),
            Reference::Result(path) => find(&session.results, path).cloned(),
            Reference::Goal(goal) => session.goals.contains(goal).then_some(Value::Bool(true)),
        }
    }

    /// A value for a property that is one of the visitor's texts.
    pub(super) fn text(value: &Value) -> Option<String> {
        as_text(value.clone())
    }
}
