//! The custom attributes that an account defined. One need not be defined to be kept, only to be searched by.

use chrono::{DateTime, Utc};

use super::{Error, Noun, Once, Result, Store, require};
use crate::model::{AccountId, AttributeModel, AttributeType, CustomAttribute, CustomAttributeId};

/// A custom attribute to define.
#[derive(Debug, Clone)]
pub struct NewCustomAttribute {
    /// Whose it is.
    pub model: AttributeModel,
    /// The key among the custom attributes.
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// What it holds.
    pub display_type: AttributeType,
    /// What it is for.
    pub description: Option<String>,
    /// What its text must match.
    pub regex_pattern: Option<String>,
    /// What clients say where it does not.
    pub regex_cue: Option<String>,
    /// What a list offers.
    pub choices: Vec<String>,
}

/// What to change of a custom attribute; the rest stays.
#[derive(Debug, Clone, Default)]
pub struct CustomAttributePatch {
    /// Whose it is.
    pub model: Option<AttributeModel>,
    /// The key among the custom attributes.
    pub key: Option<String>,
    /// What people call it.
    pub display_name: Option<String>,
    /// What it holds.
    pub display_type: Option<AttributeType>,
    /// What it is for.
    pub description: Option<Option<String>>,
    /// What its text must match.
    pub regex_pattern: Option<Option<String>>,
    /// What clients say where it does not.
    pub regex_cue: Option<Option<String>>,
    /// What a list offers.
    pub choices: Option<Vec<String>>,
}

macro_rules! custom_attributes {
    ($tail:literal $(, $arg:expr)* $(,)?) => {
        sqlx::query_as!(
            CustomAttribute,
            r#"select id as "id: CustomAttributeId", model as "model: AttributeModel", key, display_name,
                      display_type as "display_type: AttributeType", description, regex_pattern, regex_cue, choices,
                      created_at, updated_at
               from custom_attribute_definitions "# + $tail
            $(, $arg)*
        )
    };
}

/// Defines a custom attribute.
pub async fn create(
    store: &Store,
    account: AccountId,
    new: NewCustomAttribute,
    once: Option<Once>,
    now: DateTime<Utc>,
) -> Result<CustomAttribute> {
    let id: i64 = store
        .write_once(account, once, now, move |conn| {
            Box::pin(async move {
                Ok(sqlx::query_scalar!(
                    "insert into custom_attribute_definitions (account_id, model, key, display_name, display_type,
                                                               description, regex_pattern, regex_cue, choices,
                                                               created_at, updated_at)
                     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) returning id",
                    account.0,
                    new.model.as_str(),
                    new.key,
                    new.display_name,
                    new.display_type.as_str(),
                    new.description,
                    new.regex_pattern,
                    new.regex_cue,
                    &new.choices,
                    now,
                )
                .fetch_one(conn)
                .await?)
            })
        })
        .await?;
    get(store, account, CustomAttributeId(id)).await
}

/// The definition.
pub async fn get(
    store: &Store,
    account: AccountId,
    id: CustomAttributeId,
) -> Result<CustomAttribute> {
    custom_attributes!("where account_id = $1 and id = $2", account.0, id.0)
        .fetch_optional(&mut *store.read().await?)
        .await?
        .ok_or(Error::NotFound(Noun::CustomAttribute))
}

/// The account's definitions, oldest first; those of one model, or all.
pub async fn list(
    store: &Store,
    account: AccountId,
    model: Option<AttributeModel>,
) -> Result<Vec<CustomAttribute>> {
    let found = custom_attributes!(
        "where account_id = $1 and ($2::text is null or model = $2) order by id limit 10000",
        account.0,
        model.map(AttributeModel::as_str),
    )
    .fetch_all(&mut *store.read().await?)
    .await?;
    Ok(found)
}

/// Changes a definition. What was kept under an old key stays there.
pub async fn update(
    store: &Store,
    account: AccountId,
    id: CustomAttributeId,
    patch: CustomAttributePatch,
    now: DateTime<Utc>,
) -> Result<CustomAttribute> {
    let changed = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "update custom_attribute_definitions
                     set model = coalesce($3, model), key = coalesce($4, key), display_name = coalesce($5, display_name),
                         display_type = coalesce($6, display_type),
                         description = case when $7 then $8 else description end,
                         regex_pattern = case when $9 then $10 else regex_pattern end,
                         regex_cue = case when $11 then $12 else regex_cue end,
                         choices = coalesce($13, choices), updated_at = $14
                     where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                    patch.model.map(AttributeModel::as_str),
                    patch.key,
                    patch.display_name,
                    patch.display_type.map(AttributeType::as_str),
                    patch.description.is_some(),
                    patch.description.flatten(),
                    patch.regex_pattern.is_some(),
                    patch.regex_pattern.flatten(),
                    patch.regex_cue.is_some(),
                    patch.regex_cue.flatten(),
                    patch.choices.as_deref(),
                    now,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    if changed == 0 {
        return Err(Error::NotFound(Noun::CustomAttribute));
    }
    get(store, account, id).await
}

/// Deletes a definition. What was kept under its key stays.
pub async fn delete(store: &Store, account: AccountId, id: CustomAttributeId) -> Result<()> {
    let deleted = store
        .write(move |conn| {
            Box::pin(async move {
                Ok(sqlx::query!(
                    "delete from custom_attribute_definitions where account_id = $1 and id = $2",
                    account.0,
                    id.0,
                )
                .execute(conn)
                .await?
                .rows_affected())
            })
        })
        .await?;
    require::changed(deleted, Noun::CustomAttribute)
}
