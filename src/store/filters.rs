//! Conditions as SQL. Every value is bound, keys of custom attributes among them; only the texts here reach a statement.

use std::collections::HashMap;

use sqlx::{Postgres, QueryBuilder};

use super::{Result, Store, contact_search};
use crate::model::{
    AccountId, Bound, Condition, ContactField, ContactKey, ConversationField, ConversationKey,
    CustomField, CustomKind, Join, Operands, Test,
};

/// Where a field is found: in `c`, a contact or conversation.
#[derive(Debug, Clone, Copy)]
enum Place<'a> {
    /// A text, or nothing.
    Text(&'static str),
    /// A contact's name, which is kept in lower case with what it is searched by.
    Name,
    /// A text of a contact that is searched by its parts, too.
    Searched(&'static str),
    /// A number, id or moment.
    Value(&'static str),
    /// Yes or no.
    Flag(&'static str),
    /// What a JSON object has under a key: the object, what makes a value of its text, and the key.
    Key(&'static str, Cast, &'a str),
    /// Titles: a subquery without its end, over `l`.
    Labels(&'static str),
}

/// What a text in a JSON object is taken for. One that is none of it is nothing.
#[derive(Debug, Clone, Copy)]
enum Cast {
    Text,
    Number,
    Day,
}

/// A field that can be looked at.
pub(super) trait Field {
    fn place(&self) -> PlaceOf<'_>;
}

/// Keeps `Place` to this module.
pub(super) struct PlaceOf<'a>(Place<'a>);

impl Field for ContactField {
    fn place(&self) -> PlaceOf<'_> {
        PlaceOf(match self {
            Self::Custom(field) => kept("c.custom_attributes", field),
            Self::Standard(key) => match key {
                ContactKey::Name => Place::Name,
                ContactKey::PhoneNumber => Place::Searched("c.phone_number"),
                ContactKey::Email => Place::Searched("c.email"),
                ContactKey::Identifier => Place::Searched("c.identifier"),
                ContactKey::CountryCode => additional("country_code"),
                ContactKey::City => additional("city"),
                ContactKey::CompanyName => additional("company_name"),
                ContactKey::Labels => Place::Labels(
                    "exists (select from contact_labels l where l.account_id = c.account_id and l.contact_id = c.id",
                ),
                ContactKey::CreatedAt => Place::Value("c.created_at"),
                ContactKey::LastActivityAt => Place::Value("c.last_activity_at"),
                ContactKey::Blocked => Place::Flag("c.blocked"),
            },
        })
    }
}

impl Field for ConversationField {
    fn place(&self) -> PlaceOf<'_> {
        PlaceOf(match self {
            Self::Custom(field) => kept("c.custom_attributes", field),
            Self::OfContact(field) => kept(
                "(select k.custom_attributes from contacts k where k.account_id = c.account_id and k.id = c.contact_id)",
                field,
            ),
            Self::Standard(key) => match key {
                ConversationKey::Status => Place::Text("c.status"),
                ConversationKey::Assignee => Place::Value("c.assignee_id"),
                ConversationKey::Inbox => Place::Value("c.inbox_id"),
                ConversationKey::Team => Place::Value("c.team_id"),
                ConversationKey::Contact => Place::Value("c.contact_id"),
                ConversationKey::Priority => Place::Text("c.priority"),
                ConversationKey::Id => Place::Text("c.id::text"),
                // No conversation comes of a campaign.
                ConversationKey::Campaign => Place::Value("null::bigint"),
                ConversationKey::Labels => Place::Labels(
                    "exists (select from conversation_labels l
                             where l.account_id = c.account_id and l.conversation_id = c.id",
                ),
                ConversationKey::BrowserLanguage => {
                    Place::Text("(c.additional_attributes -> 'browser' ->> 'browser_language')")
                }
                ConversationKey::ConversationLanguage => additional("conversation_language"),
                ConversationKey::Referer => additional("referer"),
                ConversationKey::CreatedAt => Place::Value("c.created_at"),
                ConversationKey::LastActivityAt => Place::Value("c.last_activity_at"),
                ConversationKey::MailSubject => additional("mail_subject"),
            },
        })
    }
}

fn additional(key: &'static str) -> Place<'static> {
    Place::Key("c.additional_attributes", Cast::Text, key)
}

fn kept<'a>(object: &'static str, field: &'a CustomField) -> Place<'a> {
    let cast = match field.kind {
        CustomKind::Text | CustomKind::Flag => Cast::Text,
        CustomKind::Number => Cast::Number,
        CustomKind::Date => Cast::Day,
    };
    Place::Key(object, cast, &field.key)
}

/// The custom attributes among these keys that the account defined, of contacts or of conversations.
pub async fn find_custom(
    store: &Store,
    account: AccountId,
    model: &str,
    keys: &[String],
) -> Result<HashMap<String, CustomKind>> {
    let rows = sqlx::query!(
        "select key, display_type from custom_attribute_definitions
         where account_id = $1 and model = $2 and key = any ($3)",
        account.0,
        model,
        keys,
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    let kind = |display_type: &str| match display_type {
        "number" | "currency" | "percent" => CustomKind::Number,
        "date" => CustomKind::Date,
        "checkbox" => CustomKind::Flag,
        _ => CustomKind::Text,
    };
    let kinds = rows.into_iter().map(|row| {
        let kind = kind(&row.display_type);
        (row.key, kind)
    });
    Ok(kinds.collect())
}

/// Adds that all of this must hold, each condition with what stands before it taken together.
pub(super) fn push<F: Field>(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    conditions: &[Condition<F>],
) {
    if conditions.is_empty() {
        return;
    }
    query.push(" and ");
    for _ in conditions {
        query.push("(");
    }
    for (place, condition) in conditions.iter().enumerate() {
        if place > 0 {
            query.push(match condition.join {
                Join::And => " and ",
                Join::Or => " or ",
            });
        }
        push_test(query, account, condition.field.place().0, &condition.test);
        query.push(")");
    }
}

fn push_test(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    place: Place<'_>,
    test: &Test,
) {
    match test {
        Test::In(operands) => push_in(query, account, place, operands),
        Test::NotIn(operands) => {
            query.push("not ");
            push_in(query, account, place, operands);
        }
        Test::Contains(texts) => push_any(query, texts, |query, text| {
            push_contains(query, account, place, text);
        }),
        Test::DoesNotContain(texts) => {
            query.push("not ");
            push_any(query, texts, |query, text| {
                push_contains(query, account, place, text);
            });
        }
        Test::StartsWith(texts) => push_any(query, texts, |query, text| {
            query.push("coalesce(starts_with(lower(");
            push_place(query, place);
            query.push("), ").push_bind(text.to_lowercase());
            query.push("), false)");
        }),
        Test::Present => push_presence(query, place, true),
        Test::Absent => push_presence(query, place, false),
        Test::Above(bound) => push_bound(query, place, " > ", bound),
        Test::Below(bound) => push_bound(query, place, " < ", bound),
    }
}

/// For one of these it holds.
fn push_any(
    query: &mut QueryBuilder<Postgres>,
    texts: &[String],
    mut each: impl FnMut(&mut QueryBuilder<Postgres>, &str),
) {
    query.push("(false");
    for text in texts {
        query.push(" or ");
        each(query, text);
    }
    query.push(")");
}

fn push_place(query: &mut QueryBuilder<Postgres>, place: Place<'_>) {
    match place {
        Place::Name => {
            query.push("c.name");
        }
        Place::Text(sql) | Place::Searched(sql) | Place::Value(sql) | Place::Flag(sql) => {
            query.push(sql);
        }
        Place::Labels(sql) => {
            query.push(sql).push(")");
        }
        Place::Key(object, cast, key) => push_key(query, object, cast, key),
    }
}

/// What is not of the form is nothing, so that no row of an account can make the statement fail.
fn push_key(query: &mut QueryBuilder<Postgres>, object: &'static str, cast: Cast, key: &str) {
    let (before, after) = match cast {
        Cast::Text => ("(", ")"),
        Cast::Number => (
            "substring(",
            r" from '^-?\d{1,40}(?:\.\d{1,40})?$')::double precision",
        ),
        Cast::Day => ("substring(", r" from '^\d{4}-\d{2}-\d{2}')"),
    };
    query.push(before).push(object).push(" ->> ");
    query.push_bind(key.to_owned()).push(after);
}

fn push_in(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    place: Place<'_>,
    operands: &Operands,
) {
    match (place, operands) {
        (Place::Labels(sql), Operands::Texts(texts)) => {
            query.push(sql).push(" and l.title = any (");
            query.push_bind(spellings(texts)).push("))");
        }
        (Place::Name, Operands::Texts(texts)) => {
            let names: Vec<String> = texts
                .iter()
                .map(|text| contact_search::fold(text))
                .collect();
            query.push("c.id in (select p.contact_id from contact_search p where p.account_id = ");
            query.push_bind(account.0).push(" and p.name = any (");
            query.push_bind(names).push("))");
        }
        (Place::Searched(_), Operands::Texts(texts)) => push_any(query, texts, |query, text| {
            push_is(query, place, &[text.to_owned()]);
            query.push(" and ");
            push_has_parts(query, account, text);
        }),
        (_, Operands::Texts(texts)) => push_is(query, place, texts),
        (_, Operands::Ids(ids)) => {
            push_compared(query, place, " = any (", |query| {
                query.push_bind(ids.clone()).push(")");
            });
        }
        (_, Operands::Numbers(numbers)) => {
            push_compared(query, place, " = any (", |query| {
                query.push_bind(numbers.clone()).push(")");
            });
        }
        (_, Operands::Flag(flag)) => {
            push_compared(query, place, " = ", |query| {
                query.push_bind(*flag);
            });
        }
    }
}

/// A comparison in which nothing is neither equal, more nor less.
fn push_compared(
    query: &mut QueryBuilder<Postgres>,
    place: Place<'_>,
    comparison: &'static str,
    with: impl FnOnce(&mut QueryBuilder<Postgres>),
) {
    query.push("coalesce(");
    push_place(query, place);
    query.push(comparison);
    with(query);
    query.push(", false)");
}

/// Is one of these texts, in whatever case.
fn push_is(query: &mut QueryBuilder<Postgres>, place: Place<'_>, texts: &[String]) {
    query.push("coalesce(lower(");
    push_place(query, place);
    query
        .push(") = any (")
        .push_bind(spellings(texts))
        .push("), false)");
}

/// In lower case, of all alphabets and of the one that every database knows: `lower()` makes one of the two.
fn spellings(texts: &[String]) -> Vec<String> {
    let spellings = texts.iter();
    let spellings = spellings.flat_map(|text| [text.to_lowercase(), text.to_ascii_lowercase()]);
    spellings.collect()
}

fn push_contains(
    query: &mut QueryBuilder<Postgres>,
    account: AccountId,
    place: Place<'_>,
    text: &str,
) {
    if let Place::Name = place {
        query.push("c.id in (select p.contact_id from contact_search p where p.account_id = ");
        query.push_bind(account.0).push(" and position(");
        query
            .push_bind(contact_search::fold(text))
            .push(" in p.name) > 0 and ");
        contact_search::push_parts(query, account, text);
        query.push(")");
        return;
    }
    query.push("coalesce(");
    for (at, spelling) in spellings(&[text.to_owned()]).into_iter().enumerate() {
        query.push(if at > 0 { " or position(" } else { "position(" });
        query.push_bind(spelling).push(" in lower(");
        push_place(query, place);
        query.push(")) > 0");
    }
    query.push(", false)");
    if let Place::Searched(_) = place {
        query.push(" and ");
        push_has_parts(query, account, text);
    }
}

/// Narrows down to what an index finds.
fn push_has_parts(query: &mut QueryBuilder<Postgres>, account: AccountId, text: &str) {
    query.push("c.id in (select p.contact_id from contact_search p where p.account_id = ");
    query.push_bind(account.0).push(" and ");
    contact_search::push_parts(query, account, text);
    query.push(")");
}

fn push_presence(query: &mut QueryBuilder<Postgres>, place: Place<'_>, present: bool) {
    if let Place::Labels(_) = place {
        query.push(if present { "" } else { "not " });
        return push_place(query, place);
    }
    let is_text = match place {
        Place::Text(_) | Place::Name | Place::Searched(_) | Place::Key(_, Cast::Text, _) => true,
        Place::Value(_) | Place::Flag(_) | Place::Labels(_) => false,
        Place::Key(_, Cast::Number | Cast::Day, _) => false,
    };
    if is_text {
        query.push("coalesce(");
        push_place(query, place);
        query.push(if present { ", '') <> ''" } else { ", '') = ''" });
    } else {
        push_place(query, place);
        query.push(if present { " is not null" } else { " is null" });
    }
}

fn push_bound(
    query: &mut QueryBuilder<Postgres>,
    place: Place<'_>,
    comparison: &'static str,
    bound: &Bound,
) {
    push_compared(query, place, comparison, |query| {
        match bound {
            Bound::Moment(at) => query.push_bind(*at),
            Bound::Day(day) => query.push_bind(day.to_string()),
            Bound::Number(number) => query.push_bind(*number),
        };
    });
}
