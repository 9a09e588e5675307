//! What is said: texts by language, their placeholders, and richer forms.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Compiler, Read};
use crate::flow::file::{self, At, OneOrMany};
use crate::flow::graph::{Localised, Node, Prompt, Setting, Texts};
use crate::flow::template::{Reference, Template};
use crate::model::{Rich, RichKind};

/// The longest time that a bot seems to type.
const MAX_TYPING_MS: u32 = 60_000;

impl Compiler<'_> {
    pub(super) fn say(&mut self, say: &file::Say, at: Option<u64>) -> Node {
        if say.text.is_none() && say.rich.is_none() {
            self.report(at, "has nothing to say: `text` is missing");
        }
        Node::Say {
            texts: self.texts(say.text.as_ref(), say.typing_ms.as_ref()),
            rich: say.rich.as_ref().and_then(|rich| self.rich(rich)),
            next: self.way(&say.next, "`next`", at),
        }
    }

    /// What is asked, and asked again.
    pub(super) fn prompt(
        &mut self,
        text: &At<file::Texts>,
        retry: Option<&At<file::Texts>>,
        typing_ms: Option<&At<u32>>,
    ) -> Prompt {
        let texts = self.texts(Some(text), typing_ms);
        let retry = match retry {
            Some(_) => self.texts(retry, typing_ms),
            None => texts.last(),
        };
        Prompt { texts, retry }
    }

    pub(super) fn texts(
        &mut self,
        texts: Option<&At<file::Texts>>,
        typing_ms: Option<&At<u32>>,
    ) -> Texts {
        if let Some(typing) = typing_ms.filter(|typing| typing.value > MAX_TYPING_MS) {
            let cause = format!("`typing_ms` is at most {MAX_TYPING_MS}");
            self.report(typing.line, cause);
        }
        let messages = texts.map(|texts| {
            self.localised(texts, |compiler, texts, at| compiler.templates(texts, at))
        });
        Texts {
            messages: messages.unwrap_or_default(),
            typing_ms: typing_ms.map(|typing| typing.value),
        }
    }

    /// Something by language, each read by `read`.
    pub(super) fn localised<T, U: Clone + Default>(
        &mut self,
        texts: &At<file::Localised<T>>,
        read: impl Fn(&mut Self, &T, Option<u64>) -> U,
    ) -> Localised<U> {
        let at = texts.line;
        let texts = match &texts.value {
            file::Localised::Same(text) => {
                return Localised {
                    default: read(self, text, at),
                    by_language: BTreeMap::new(),
                };
            }
            file::Localised::ByLanguage(texts) => texts,
        };
        let mut by_language = BTreeMap::new();
        for (tag, text) in texts {
            let language = self.language(tag, at);
            let text = read(self, text, at);
            if by_language.insert(language, text).is_some() {
                self.report(at, format!("has two texts in `{tag}`"));
            }
        }
        let default = by_language.get(&self.language).cloned();
        if default.is_none() {
            let cause = if self.file.language.is_none() {
                "has texts by language, but the flow has no `language` for those who speak none of them"
                    .to_owned()
            } else {
                format!("has no text in `{}`, the flow's language", self.language)
            };
            self.report(at, cause);
        }
        Localised {
            default: default.unwrap_or_default(),
            by_language,
        }
    }

    fn templates(&mut self, texts: &OneOrMany, at: Option<u64>) -> Vec<Template> {
        let texts = texts.as_slice();
        if texts.is_empty() || texts.iter().any(|text| text.trim().is_empty()) {
            self.report(at, "has an empty text");
        }
        let texts = texts.iter();
        texts.filter_map(|text| self.template(text, at)).collect()
    }

    pub(super) fn template(&mut self, text: &str, at: Option<u64>) -> Option<Template> {
        match Template::parse(text) {
            Ok(template) => {
                for reference in template.references() {
                    self.read(reference.clone(), at);
                }
                Some(template)
            }
            Err(cause) => {
                self.report(at, cause);
                None
            }
        }
    }

    pub(super) fn read(&mut self, reference: Reference, line: Option<u64>) {
        self.reads.push(Read {
            node: self.node.clone().unwrap_or_default(),
            line,
            reference,
        });
    }

    /// A text with placeholders, or anything else as it stands.
    pub(super) fn setting(&mut self, value: &At<Value>) -> Setting {
        match &value.value {
            Value::String(text) => match self.template(text, value.line) {
                Some(template) => Setting::Text(template),
                None => Setting::Value(Value::Null),
            },
            other => Setting::Value(other.clone()),
        }
    }

    fn rich(&mut self, rich: &At<BTreeMap<String, Value>>) -> Option<Rich> {
        let at = rich.line;
        let body = &rich.value;
        let kind = body.get("type").and_then(Value::as_str);
        let Some(kind) = kind.and_then(RichKind::parse) else {
            self.report(at, "`rich.type` is none of the rich content types");
            return None;
        };
        let content = body.get(kind.as_str()).filter(|_| body.len() == 2);
        let Some(content) = content else {
            let cause = format!("`rich` holds `type` and `{kind}` and nothing else");
            self.report(at, cause);
            return None;
        };
        self.placeholders(content, at);
        match Rich::parse(kind, content) {
            Ok(rich) => Some(rich),
            Err(malformed) => {
                self.report(at, format!("`rich`: {malformed}"));
                None
            }
        }
    }

    /// Notes the placeholders in every text of a value.
    fn placeholders(&mut self, value: &Value, at: Option<u64>) {
        match value {
            Value::String(text) => {
                self.template(text, at);
            }
            Value::Array(items) => items.iter().for_each(|item| self.placeholders(item, at)),
            Value::Object(map) => map.values().for_each(|item| self.placeholders(item, at)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

impl Texts {
    /// Only the last message.
    fn last(&self) -> Self {
        let last = |messages: &Vec<Template>| messages.last().cloned().into_iter().collect();
        let by_language = self.messages.by_language.iter();
        Self {
            messages: Localised {
                default: last(&self.messages.default),
                by_language: by_language
                    .map(|(language, messages)| (language.clone(), last(messages)))
                    .collect(),
            },
            typing_ms: self.typing_ms,
        }
    }
}
