//! The filter language: a list of conditions, each joined to what stands before it, into what the store picks rows by.
//!
//! Beyond the vendor's, every value counts where it takes the first one only.

use std::collections::HashMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::error::{Error, Result};
use super::parse::MAX_STRING;
use super::wire::lenient::Id;
use crate::model::{
    AccountId, Bound, Condition, ContactField, ContactKey, ConversationField, ConversationKey,
    ConversationStatus, CustomField, CustomKind, Join, Operands, Priority, Test,
};
use crate::store::{self, Store};

/// The most conditions of a filter, and the most values of a condition.
const MAX_CONDITIONS: usize = 100;
const MAX_VALUES: usize = 500;

/// A filter, and which of what it finds is asked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct FilterBody {
    payload: Option<Vec<ConditionBody>>,
    #[schemars(with = "Option<Id>")]
    pub(super) page: Option<Value>,
    pub(super) sort: Option<String>,
}

/// A condition.
#[derive(Debug, Deserialize, JsonSchema)]
pub(super) struct ConditionBody {
    #[serde(default)]
    attribute_key: String,
    #[serde(default)]
    filter_operator: String,
    #[serde(default)]
    values: Value,
    query_operator: Option<String>,
    /// Whose custom attribute is meant: `contact_attribute` also among conversations.
    custom_attribute_type: Option<String>,
}

/// What may be asked of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A text from a short list: is, is not.
    Word,
    /// A text: is, is not, contains, does not.
    Text,
    /// A text that may also begin with something.
    Number,
    /// An id, or none.
    Id,
    /// The number of a conversation.
    DisplayId,
    /// Titles.
    Labels,
    /// A moment.
    Moment,
    /// Yes or no.
    Flag,
    /// Anything an account keeps.
    Custom(CustomKind),
}

/// The operators of a kind, as refusals list them.
fn operators(kind: Kind) -> &'static [&'static str] {
    const ALL: &[&str] = &[
        "equal_to",
        "not_equal_to",
        "contains",
        "does_not_contain",
        "is_present",
        "is_not_present",
        "is_greater_than",
        "is_less_than",
        "days_before",
        "starts_with",
    ];
    match kind {
        Kind::Word | Kind::Flag => &ALL[..2],
        Kind::Text | Kind::DisplayId => &ALL[..4],
        Kind::Number => &[
            "equal_to",
            "not_equal_to",
            "contains",
            "does_not_contain",
            "starts_with",
        ],
        Kind::Id | Kind::Labels | Kind::Custom(CustomKind::Flag) => {
            &["equal_to", "not_equal_to", "is_present", "is_not_present"]
        }
        Kind::Moment => &ALL[6..9],
        Kind::Custom(CustomKind::Text) => &ALL[..6],
        Kind::Custom(CustomKind::Number) => &[
            "equal_to",
            "not_equal_to",
            "is_present",
            "is_not_present",
            "is_greater_than",
            "is_less_than",
        ],
        Kind::Custom(CustomKind::Date) => &[
            "equal_to",
            "not_equal_to",
            "is_present",
            "is_not_present",
            "is_greater_than",
            "is_less_than",
            "days_before",
        ],
    }
}

/// What rows are picked by: contacts or conversations.
pub(super) trait Subject: Sized {
    /// Whose custom attributes count; the first, if a condition does not say.
    const MODELS: &'static [&'static str];

    /// Every key that needs no definition.
    fn keys() -> Vec<&'static str>;

    fn standard(key: &str) -> Option<(Self, Rule)>;

    /// A custom attribute of one of the models.
    fn custom(model: &str, field: CustomField) -> Self;
}

const CONTACT: &str = "contact_attribute";
const CONVERSATION: &str = "conversation_attribute";

/// Which words one stands for, if it is one.
type Words = fn(&str) -> Option<Vec<String>>;

/// What may be asked of a field, and how its values are read.
pub(super) struct Rule {
    kind: Kind,
    /// The words that there are, where others cannot be meant.
    words: Option<Words>,
    /// Put before a value that does not begin with it.
    prefix: Option<char>,
}

impl Rule {
    const fn of(kind: Kind) -> Self {
        Self {
            kind,
            words: None,
            prefix: None,
        }
    }
}

impl Subject for ContactField {
    const MODELS: &'static [&'static str] = &[CONTACT];

    fn keys() -> Vec<&'static str> {
        ContactKey::ALL.iter().map(|key| key.as_str()).collect()
    }

    fn standard(key: &str) -> Option<(Self, Rule)> {
        let key = ContactKey::parse(key)?;
        let rule = match key {
            ContactKey::Name | ContactKey::Email | ContactKey::City | ContactKey::CompanyName => {
                Rule::of(Kind::Text)
            }
            ContactKey::PhoneNumber => Rule {
                prefix: Some('+'),
                ..Rule::of(Kind::Number)
            },
            ContactKey::Identifier | ContactKey::CountryCode => Rule::of(Kind::Word),
            ContactKey::Labels => Rule::of(Kind::Labels),
            ContactKey::CreatedAt | ContactKey::LastActivityAt => Rule::of(Kind::Moment),
            ContactKey::Blocked => Rule::of(Kind::Flag),
        };
        Some((Self::Standard(key), rule))
    }

    fn custom(_: &str, field: CustomField) -> Self {
        Self::Custom(field)
    }
}

impl Subject for ConversationField {
    const MODELS: &'static [&'static str] = &[CONVERSATION, CONTACT];

    fn keys() -> Vec<&'static str> {
        ConversationKey::ALL
            .iter()
            .map(|key| key.as_str())
            .collect()
    }

    fn standard(key: &str) -> Option<(Self, Rule)> {
        let key = ConversationKey::parse(key)?;
        let rule = match key {
            ConversationKey::Status => Rule {
                words: Some(statuses),
                ..Rule::of(Kind::Word)
            },
            ConversationKey::Priority => Rule {
                words: Some(|text| Some(vec![Priority::parse(text)?.as_str().to_owned()])),
                ..Rule::of(Kind::Word)
            },
            ConversationKey::BrowserLanguage | ConversationKey::ConversationLanguage => {
                Rule::of(Kind::Word)
            }
            ConversationKey::Assignee
            | ConversationKey::Inbox
            | ConversationKey::Team
            | ConversationKey::Contact
            | ConversationKey::Campaign => Rule::of(Kind::Id),
            ConversationKey::Id => Rule::of(Kind::DisplayId),
            ConversationKey::Labels => Rule::of(Kind::Labels),
            ConversationKey::Referer | ConversationKey::MailSubject => Rule::of(Kind::Text),
            ConversationKey::CreatedAt | ConversationKey::LastActivityAt => Rule::of(Kind::Moment),
        };
        Some((Self::Standard(key), rule))
    }

    fn custom(model: &str, field: CustomField) -> Self {
        if model == CONTACT {
            Self::OfContact(field)
        } else {
            Self::Custom(field)
        }
    }
}

/// A status, or every one of them.
fn statuses(text: &str) -> Option<Vec<String>> {
    if text == "all" {
        let all = ConversationStatus::ALL.iter();
        return Some(all.map(|status| status.as_str().to_owned()).collect());
    }
    Some(vec![ConversationStatus::parse(text)?.as_str().to_owned()])
}

/// The conditions of a body. Keys that need a definition are looked up among the account's.
pub(super) async fn read<S: Subject>(
    store: &Store,
    account: AccountId,
    payload: Option<Vec<ConditionBody>>,
    now: DateTime<Utc>,
) -> Result<Vec<Condition<S>>> {
    let bodies = payload.ok_or(Error::Missing("payload"))?;
    if bodies.len() > MAX_CONDITIONS {
        let text = format!("payload: at most {MAX_CONDITIONS} conditions");
        return Err(Error::Refused(text));
    }
    let defined = find_defined::<S>(store, account, &bodies).await?;
    let last = bodies.len().saturating_sub(1);
    let mut join = Join::And;
    let mut conditions = Vec::with_capacity(bodies.len());
    for (place, body) in bodies.iter().enumerate() {
        let (field, rule) = find_field(body, &defined)?;
        let test = read_test(body, &rule, now)?;
        conditions.push(Condition { join, field, test });
        join = read_join(body.query_operator.as_deref(), place == last)?;
    }
    Ok(conditions)
}

impl FilterBody {
    pub(super) fn take_payload(&mut self) -> Option<Vec<ConditionBody>> {
        self.payload.take()
    }
}

/// The custom attributes that an account defined, by their model and key.
type Defined = HashMap<(&'static str, String), CustomKind>;

/// Those that conditions name.
async fn find_defined<S: Subject>(
    store: &Store,
    account: AccountId,
    bodies: &[ConditionBody],
) -> Result<Defined> {
    let mut defined = Defined::new();
    for model in S::MODELS {
        let named = bodies.iter().filter(|body| {
            S::standard(&body.attribute_key).is_none() && model_of::<S>(body) == *model
        });
        let keys: Vec<String> = named.map(|body| body.attribute_key.clone()).collect();
        if !keys.is_empty() {
            let found = store::filters::find_custom(store, account, model, &keys).await?;
            defined.extend(found.into_iter().map(|(key, kind)| ((*model, key), kind)));
        }
    }
    Ok(defined)
}

/// Whose custom attribute a condition is about.
fn model_of<S: Subject>(body: &ConditionBody) -> &'static str {
    let said = body.custom_attribute_type.as_deref();
    let model = S::MODELS.iter().find(|model| Some(**model) == said);
    model.unwrap_or(&S::MODELS[0])
}

fn find_field<S: Subject>(body: &ConditionBody, defined: &Defined) -> Result<(S, Rule)> {
    let key = &body.attribute_key;
    if let Some(found) = S::standard(key) {
        return Ok(found);
    }
    let model = model_of::<S>(body);
    match defined.get(&(model, key.clone())) {
        Some(kind) => {
            let field = CustomField {
                key: key.to_owned(),
                kind: *kind,
            };
            Ok((S::custom(model, field), Rule::of(Kind::Custom(*kind))))
        }
        None => Err(Error::Refused(format!(
            "Invalid attribute key - [{}]. The key should be one of [{}] or a custom attribute defined in the account.",
            shown(key),
            S::keys().join(",")
        ))),
    }
}

/// How the next condition goes on. After the last one nothing does.
fn read_join(text: Option<&str>, is_last: bool) -> Result<Join> {
    let text = text.unwrap_or_default();
    if text.eq_ignore_ascii_case("and") || (is_last && text.is_empty()) {
        Ok(Join::And)
    } else if text.eq_ignore_ascii_case("or") {
        Ok(Join::Or)
    } else {
        let text = r#"Query operator must be either "AND" or "OR"."#;
        Err(Error::Refused(text.to_owned()))
    }
}

fn read_test(body: &ConditionBody, rule: &Rule, now: DateTime<Utc>) -> Result<Test> {
    let allowed = operators(rule.kind);
    if !allowed.contains(&body.filter_operator.as_str()) {
        return Err(Error::Refused(format!(
            "Invalid operator. The allowed operators for {} are [{}].",
            shown(&body.attribute_key),
            allowed.join(",")
        )));
    }
    let test = match body.filter_operator.as_str() {
        "is_present" => Some(Test::Present),
        "is_not_present" => Some(Test::Absent),
        "equal_to" => operands(body, rule).map(Test::In),
        "not_equal_to" => operands(body, rule).map(Test::NotIn),
        "contains" => texts(body, rule).map(Test::Contains),
        "does_not_contain" => texts(body, rule).map(Test::DoesNotContain),
        "starts_with" => texts(body, rule).map(Test::StartsWith),
        "is_greater_than" => bound(body, rule).map(Test::Above),
        "is_less_than" => bound(body, rule).map(Test::Below),
        _ => days_before(body, rule, now).map(Test::Below),
    };
    test.ok_or_else(|| {
        let key = shown(&body.attribute_key);
        Error::Refused(format!(
            "Invalid value. The values provided for {key} are invalid"
        ))
    })
}

/// A client's word in a refusal, no longer than it need be.
fn shown(text: &str) -> String {
    text.chars().take(MAX_STRING).collect()
}

/// The values as texts: there must be one, and none may be nothing, a list or an object.
fn values(body: &ConditionBody) -> Option<Vec<String>> {
    let values = match &body.values {
        Value::Array(values) => values.as_slice(),
        single => std::slice::from_ref(single),
    };
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    };
    if values.is_empty() || values.len() > MAX_VALUES {
        return None;
    }
    values.iter().map(text).collect()
}

/// Texts that are something.
fn texts(body: &ConditionBody, rule: &Rule) -> Option<Vec<String>> {
    let texts = values(body)?.into_iter().map(|text| match rule.prefix {
        Some(prefix) if !text.starts_with(prefix) && is_whole(body) => format!("{prefix}{text}"),
        Some(_) | None => text,
    });
    let texts: Vec<String> = texts.collect();
    let fits = |text: &String| (1..=MAX_STRING * 4).contains(&text.len());
    texts.iter().all(fits).then_some(texts)
}

/// Whether the operator is about all of a text, or its beginning.
fn is_whole(body: &ConditionBody) -> bool {
    matches!(
        body.filter_operator.as_str(),
        "equal_to" | "not_equal_to" | "starts_with"
    )
}

fn operands(body: &ConditionBody, rule: &Rule) -> Option<Operands> {
    match rule.kind {
        Kind::Id => {
            let ids = values(body)?
                .into_iter()
                .map(|text| text.trim().parse().ok());
            Some(Operands::Ids(ids.collect::<Option<_>>()?))
        }
        Kind::Flag => match values(body)?.first()?.as_str() {
            "true" | "1" => Some(Operands::Flag(true)),
            "false" | "0" => Some(Operands::Flag(false)),
            _ => None,
        },
        Kind::Custom(CustomKind::Number) => {
            let numbers = values(body)?.into_iter().map(|text| number(&text));
            Some(Operands::Numbers(numbers.collect::<Option<_>>()?))
        }
        Kind::Custom(CustomKind::Date) => {
            let days = values(body)?.into_iter();
            let days = days.map(|text| Some(day(&text)?.to_string()));
            Some(Operands::Texts(days.collect::<Option<_>>()?))
        }
        Kind::Word
        | Kind::Text
        | Kind::Number
        | Kind::DisplayId
        | Kind::Labels
        | Kind::Moment
        | Kind::Custom(CustomKind::Text | CustomKind::Flag) => {
            let texts = texts(body, rule)?;
            let Some(words) = rule.words else {
                return Some(Operands::Texts(texts));
            };
            let words: Option<Vec<Vec<String>>> = texts.iter().map(|text| words(text)).collect();
            Some(Operands::Texts(words?.concat()))
        }
    }
}

fn bound(body: &ConditionBody, rule: &Rule) -> Option<Bound> {
    let values = values(body)?;
    let text = values.first()?.trim();
    match rule.kind {
        Kind::Custom(CustomKind::Number) => Some(Bound::Number(number(text)?)),
        Kind::Custom(CustomKind::Date) => Some(Bound::Day(day(text)?)),
        _ => Some(Bound::Moment(moment(text)?)),
    }
}

/// The beginning of the day that is so many days ago.
fn days_before(body: &ConditionBody, rule: &Rule, now: DateTime<Utc>) -> Option<Bound> {
    let values = values(body)?;
    let days = Days::new(values.first()?.trim().parse::<u32>().ok()?.into());
    let day = now.date_naive().checked_sub_days(days)?;
    let day = sane(day)?;
    if rule.kind == Kind::Custom(CustomKind::Date) {
        return Some(Bound::Day(day));
    }
    Some(Bound::Moment(day.and_time(NaiveTime::MIN).and_utc()))
}

fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().parse().ok()?;
    number.is_finite().then_some(number)
}

fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let day = text
        .parse()
        .ok()
        .or_else(|| Some(moment(text)?.date_naive()))?;
    sane(day)
}

/// A day's beginning, or a moment in ISO form.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Some(sane(day)?.and_time(NaiveTime::MIN).and_utc());
    }
    let at = DateTime::parse_from_rfc3339(text).ok()?.to_utc();
    sane(at.date_naive())?;
    Some(at)
}

/// PostgreSQL's calendar ends before this one's, and a day's text sorts only in four-digit years.
fn sane(day: NaiveDate) -> Option<NaiveDate> {
    let year = chrono::Datelike::year(&day);
    (1..=9999).contains(&year).then_some(day)
}
