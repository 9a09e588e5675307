//! From the answer of `detectIntent` to what a flow uses of it.
//!
//! An agent may hold its messages once for each platform it speaks on. Those for no platform in particular are taken;
//! where they have nothing of a kind, those of the first platform that has.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::Detected;

/// The answer's body.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answer {
    query_result: QueryResult,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct QueryResult {
    intent: Option<Intent>,
    parameters: Map<String, Value>,
    fulfillment_text: String,
    fulfillment_messages: Vec<Message>,
    webhook_payload: Option<Value>,
    intent_detection_confidence: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Intent {
    display_name: String,
    is_fallback: bool,
}

/// One message: whichever of these it is.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Message {
    platform: Option<String>,
    text: Text,
    quick_replies: Titled,
    simple_responses: SimpleResponses,
    card: Titled,
    basic_card: Titled,
    list_select: Titled,
    payload: Option<Map<String, Value>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Text {
    text: Vec<String>,
}

/// A message that is more than text, by what a person would read first.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Titled {
    title: String,
    subtitle: String,
    formatted_text: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SimpleResponses {
    simple_responses: Vec<SimpleResponse>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct SimpleResponse {
    display_text: String,
    text_to_speech: String,
}

impl From<Answer> for Detected {
    fn from(answer: Answer) -> Self {
        let result = answer.query_result;
        let messages = &result.fulfillment_messages;
        let mut texts: Vec<String> =
            of_one_platform(messages, |message| !message.texts().is_empty())
                .flat_map(Message::texts)
                .collect();
        if texts.is_empty() {
            texts.extend(Some(result.fulfillment_text).filter(|text| is_said(text)));
        }
        let intent = result.intent.unwrap_or_default();
        Self {
            payload: payload(messages).or(result.webhook_payload),
            texts,
            is_fallback: intent.is_fallback,
            intent: Some(intent.display_name).filter(|name| !name.is_empty()),
            parameters: result.parameters,
            confidence: result.intent_detection_confidence,
        }
    }
}

/// The custom payloads as one: of two that have the same key, the later counts.
fn payload(messages: &[Message]) -> Option<Value> {
    let payloads = of_one_platform(messages, |message| message.payload.is_some());
    payloads
        .filter_map(|message| message.payload.clone())
        .reduce(|mut all, more| {
            all.extend(more);
            all
        })
        .map(Value::Object)
}

/// The messages with something, as far as they are for the same platform.
fn of_one_platform(
    messages: &[Message],
    has: fn(&Message) -> bool,
) -> impl Iterator<Item = &Message> {
    let having = move || messages.iter().filter(move |message| has(message));
    let platform = having()
        .map(Message::platform)
        .min_by_key(Option::is_some)
        .flatten();
    having().filter(move |message| message.platform() == platform)
}

impl Message {
    /// The platform that it is for, if for one in particular.
    fn platform(&self) -> Option<&str> {
        let platform = self.platform.as_deref();
        platform.filter(|platform| *platform != "PLATFORM_UNSPECIFIED")
    }

    /// What a person reads of it, a message each.
    fn texts(&self) -> Vec<String> {
        let simple = self.simple_responses.simple_responses.iter();
        let simple = simple.map(|simple| {
            if simple.display_text.is_empty() {
                simple.text_to_speech.clone()
            } else {
                simple.display_text.clone()
            }
        });
        let titled = [
            &self.quick_replies,
            &self.card,
            &self.basic_card,
            &self.list_select,
        ];
        let texts = self.text.text.iter().cloned().chain(simple);
        texts
            .chain(titled.into_iter().map(Titled::text))
            .filter(|text| is_said(text))
            .collect()
    }
}

impl Titled {
    fn text(&self) -> String {
        let lines = [&self.title, &self.subtitle, &self.formatted_text];
        let lines: Vec<&str> = lines
            .into_iter()
            .filter(|line| !line.is_empty())
            .map(String::as_str)
            .collect();
        lines.join("\n")
    }
}

fn is_said(text: &str) -> bool {
    !text.trim().is_empty()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn detected(messages: &Value) -> Detected {
        let answer =
            json!({"queryResult": {"fulfillmentText": "legacy", "fulfillmentMessages": messages}});
        Detected::parse(answer).unwrap()
    }

    #[test]
    fn what_an_agent_answers_is_read() {
        let answer = json!({
            "responseId": "1",
            "queryResult": {
                "queryText": "a big pizza",
                "parameters": {"size": "big", "toppings": []},
                "allRequiredParamsPresent": true,
                "fulfillmentText": "A big one!",
                "fulfillmentMessages": [
                    {"text": {"text": ["A big one!"]}},
                    {"payload": {"price": 9, "currency": "EUR"}},
                    {"payload": {"price": 10}},
                ],
                "intent": {"name": "projects/p/agent/intents/1", "displayName": "order.pizza"},
                "intentDetectionConfidence": 0.87,
                "languageCode": "en",
            },
        });
        let detected = Detected::parse(answer).unwrap();
        let expected = Detected {
            intent: Some("order.pizza".to_owned()),
            is_fallback: false,
            texts: vec!["A big one!".to_owned()],
            payload: Some(json!({"price": 10, "currency": "EUR"})),
            parameters: Map::from_iter([
                ("size".to_owned(), json!("big")),
                ("toppings".to_owned(), json!([])),
            ]),
            confidence: 0.87,
        };
        assert_eq!(detected, expected);
    }

    #[test]
    fn every_kind_of_message_that_has_words_says_them() {
        let detected = detected(&json!([
            {"text": {"text": ["one", " ", "two"]}},
            {"quickReplies": {"title": "three", "quickReplies": ["a", "b"]}},
            {"simpleResponses": {"simpleResponses": [{"textToSpeech": "spoken", "displayText": "four"}]}},
            {"simpleResponses": {"simpleResponses": [{"textToSpeech": "five"}]}},
            {"card": {"title": "six", "subtitle": "and more", "imageUri": "https://example.org/6.png"}},
            {"basicCard": {"title": "seven", "formattedText": "formatted"}},
            {"listSelect": {"title": "eight", "items": [{"title": "x"}]}},
            {"image": {"imageUri": "https://example.org/9.png"}},
            {"something": {"new": true}},
        ]));
        assert_eq!(
            detected.texts,
            [
                "one",
                "two",
                "three",
                "four",
                "five",
                "six\nand more",
                "seven\nformatted",
                "eight"
            ]
        );
    }

    #[test]
    fn messages_for_no_platform_go_before_those_for_one() {
        let facebook = json!({"platform": "FACEBOOK", "text": {"text": ["facebook"]}});
        let slack = json!({"platform": "SLACK", "text": {"text": ["slack"]}});
        let any = json!({"platform": "PLATFORM_UNSPECIFIED", "text": {"text": ["any"]}});
        let payload = json!({"platform": "SLACK", "payload": {"a": 1}});
        let all = detected(&json!([facebook, slack, any, payload]));
        assert_eq!(all.texts, ["any"]);
        assert_eq!(all.payload, Some(json!({"a": 1})));
        let without = detected(&json!([facebook, slack, facebook, payload]));
        assert_eq!(without.texts, ["facebook", "facebook"]);
    }

    #[test]
    fn without_messages_there_is_the_legacy_text_and_the_payload_of_the_webhook() {
        assert_eq!(detected(&json!([])).texts, ["legacy"]);
        let answer =
            json!({"queryResult": {"webhookPayload": {"b": 2}, "intent": {"isFallback": true}}});
        let detected = Detected::parse(answer).unwrap();
        assert_eq!(detected.payload, Some(json!({"b": 2})));
        assert_eq!((detected.intent, detected.is_fallback), (None, true));
        assert_eq!(detected.texts, Vec::<String>::new());
    }
}
