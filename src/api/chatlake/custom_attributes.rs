//! The custom attributes that an account defined.

use axum::Json;
use axum::extract::State;
use axum::response::NoContent;

use super::auth::{Administrator, Member, Of, Row, Who};
use super::error::Result;
use super::fields::Query;
use super::params::Wrapped;
use super::parse::{Faults, MAX_STRING, MAX_TEXT, one_of};
use super::route::{Asked, get};
use super::wire::settings::{CustomAttributeIn, CustomAttributeOut};
use super::{Route, Server};
use crate::model::{AttributeModel, AttributeType, CustomAttribute, CustomAttributeId};
use crate::store::custom_attributes::{self, CustomAttributePatch, NewCustomAttribute};
use crate::store::{self, Store};

/// Keys that conversations have anyway.
const OF_CONVERSATIONS: [&str; 17] = [
    "assignee_id",
    "browser_language",
    "campaign_id",
    "contact_id",
    "conversation_language",
    "country_code",
    "created_at",
    "display_id",
    "inbox_id",
    "labels",
    "last_activity_at",
    "mail_subject",
    "priority",
    "referer",
    "snoozed_until",
    "status",
    "team_id",
];

/// Keys that contacts have anyway.
const OF_CONTACTS: [&str; 12] = [
    "blocked",
    "city",
    "company_name",
    "country_code",
    "created_at",
    "email",
    "identifier",
    "labels",
    "last_activity_at",
    "name",
    "phone_number",
    "referer",
];

pub(super) fn routes() -> Vec<Route> {
    vec![
        (
            "/api/v1/accounts/{account_id}/custom_attribute_definitions",
            get(list, "Custom attributes that the account defined")
                .asks(&[Asked::text(
                    "attribute_model",
                    "Of contacts or of conversations",
                )])
                .post(create, "Defines a custom attribute"),
        ),
        (
            "/api/v1/accounts/{account_id}/custom_attribute_definitions/{custom_attribute_id}",
            get(show, "A custom attribute")
                .edit(update, "Changes a custom attribute")
                .delete(delete, "Removes a custom attribute"),
        ),
    ]
}

impl<W: Who + Sync> Row<W> for CustomAttribute {
    const PLACE: &'static str = "custom_attribute_id";

    async fn load(store: &Store, who: &W, id: i64) -> store::Result<Self> {
        custom_attributes::get(store, who.account(), CustomAttributeId(id)).await
    }
}

/// Those of one model, or all. A model that there is not has none.
async fn list(
    State(server): State<Server>,
    member: Member,
    query: Query,
) -> Result<Json<Vec<CustomAttributeOut>>> {
    let model = query.last("attribute_model").map(model).transpose();
    let found = match model {
        Ok(model) => custom_attributes::list(&server.store, member.account, model).await?,
        Err(_) => Vec::new(),
    };
    Ok(Json(found.into_iter().map(Into::into).collect()))
}

async fn create(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Wrapped { value: body, once }: Wrapped<CustomAttributeIn>,
) -> Result<Json<CustomAttributeOut>> {
    let new = read_new(body)?;
    let (account, now) = (member.account, server.now());
    let made = custom_attributes::create(&server.store, account, new, once, now).await?;
    Ok(Json(made.into()))
}

async fn show(Of { row, .. }: Of<Member, CustomAttribute>) -> Json<CustomAttributeOut> {
    Json(row.into())
}

async fn update(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, CustomAttribute>,
    Wrapped { value: body, .. }: Wrapped<CustomAttributeIn>,
) -> Result<Json<CustomAttributeOut>> {
    let (patch, now) = (read(body)?, server.now());
    // A key that was taken before it was reserved may stay.
    let model = patch.model.unwrap_or(row.model);
    let key = patch.key.as_deref().unwrap_or(&row.key);
    if (model, key) != (row.model, row.key.as_str()) {
        refuse_reserved(model, key)?;
    }
    let account = who.account();
    let changed = custom_attributes::update(&server.store, account, row.id, patch, now).await?;
    Ok(Json(changed.into()))
}

async fn delete(
    State(server): State<Server>,
    Of { who, row }: Of<Administrator, CustomAttribute>,
) -> Result<NoContent> {
    custom_attributes::delete(&server.store, who.account(), row.id).await?;
    Ok(NoContent)
}

fn model(text: &str) -> Result<AttributeModel> {
    one_of(
        AttributeModel::ALL,
        AttributeModel::parse,
        text,
        "attribute_model",
    )
}

fn read_new(body: CustomAttributeIn) -> Result<NewCustomAttribute> {
    let patch = read(CustomAttributeIn {
        attribute_display_name: Some(body.attribute_display_name.unwrap_or_default()),
        attribute_key: Some(body.attribute_key.unwrap_or_default()),
        ..body
    })?;
    let model = patch.model.unwrap_or(AttributeModel::Conversation);
    let key = patch.key.unwrap_or_default();
    refuse_reserved(model, &key)?;
    Ok(NewCustomAttribute {
        model,
        key,
        display_name: patch.display_name.unwrap_or_default(),
        display_type: patch.display_type.unwrap_or(AttributeType::Text),
        description: patch.description.flatten(),
        regex_pattern: patch.regex_pattern.flatten(),
        regex_cue: patch.regex_cue.flatten(),
        choices: patch.choices.unwrap_or_default(),
    })
}

fn read(body: CustomAttributeIn) -> Result<CustomAttributePatch> {
    let (name, key) = (
        body.attribute_display_name.as_deref(),
        body.attribute_key.as_deref(),
    );
    let inner = |text: &Option<Option<String>>| {
        text.as_ref()
            .and_then(|text| text.as_deref())
            .map(str::to_owned)
    };
    let mut faults = Faults::default();
    let attribute = "attribute_display_name";
    faults.check_present(attribute, "Attribute display name can't be blank", name);
    faults.check_length(attribute, "Attribute display name", name, MAX_STRING);
    faults.check_present("attribute_key", "Attribute key can't be blank", key);
    faults.check_length("attribute_key", "Attribute key", key, MAX_STRING);
    for (attribute, name, text, max) in [
        (
            "attribute_description",
            "Attribute description",
            &body.attribute_description,
            MAX_TEXT,
        ),
        (
            "regex_pattern",
            "Regex pattern",
            &body.regex_pattern,
            MAX_STRING,
        ),
        ("regex_cue", "Regex cue", &body.regex_cue, MAX_STRING),
    ] {
        faults.check_length(attribute, name, inner(text).as_deref(), max);
    }
    for value in body.attribute_values.iter().flatten() {
        faults.check_length(
            "attribute_values",
            "Attribute values",
            Some(value),
            MAX_STRING,
        );
    }
    faults.settle()?;
    let display_type = |text: &str| {
        let what = "attribute_display_type";
        one_of(AttributeType::ALL, AttributeType::parse, text, what)
    };
    Ok(CustomAttributePatch {
        model: body.attribute_model.as_deref().map(model).transpose()?,
        display_type: body
            .attribute_display_type
            .as_deref()
            .map(display_type)
            .transpose()?,
        key: body.attribute_key,
        display_name: body.attribute_display_name,
        description: body.attribute_description,
        regex_pattern: body.regex_pattern,
        regex_cue: body.regex_cue,
        choices: body.attribute_values,
    })
}

fn refuse_reserved(model: AttributeModel, key: &str) -> Result<()> {
    let reserved: &[&str] = match model {
        AttributeModel::Conversation => &OF_CONVERSATIONS,
        AttributeModel::Contact => &OF_CONTACTS,
        AttributeModel::Company => &[],
    };
    let mut faults = Faults::default();
    if reserved.contains(&key) {
        let sentence = "Attribute key The provided key is not allowed as it might conflict with default attributes.";
        faults.add("attribute_key", sentence);
    }
    faults.settle()
}
