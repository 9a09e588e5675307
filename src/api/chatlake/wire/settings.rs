//! What the people of an account set up for their work: labels, canned responses, custom attributes, kept searches.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{lenient, time};
use crate::api::chatlake::params::Wrap;
use crate::model::{
    AccountId, Attributes, CannedResponse, CustomAttribute, CustomFilter, Label as LabelRow,
};

/// A label to make, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct LabelIn {
    pub(in crate::api::chatlake) title: Option<String>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) description: Option<Option<String>>,
    pub(in crate::api::chatlake) color: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) show_on_sidebar: Option<bool>,
}

impl Wrap for LabelIn {
    const NAME: &'static str = "label";
}

/// A label.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct Label {
    id: i64,
    title: String,
    description: Option<String>,
    color: String,
    show_on_sidebar: bool,
}

impl From<LabelRow> for Label {
    fn from(label: LabelRow) -> Self {
        Self {
            id: label.id.0,
            title: label.title,
            description: label.description,
            color: label.color,
            show_on_sidebar: label.show_on_sidebar,
        }
    }
}

/// A canned response to keep, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct CannedResponseIn {
    pub(in crate::api::chatlake) short_code: Option<String>,
    pub(in crate::api::chatlake) content: Option<String>,
}

impl Wrap for CannedResponseIn {
    const NAME: &'static str = "canned_response";
}

/// A canned response, as the vendor's table has it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CannedResponseOut {
    id: i64,
    account_id: i64,
    short_code: String,
    content: String,
    created_at: String,
    updated_at: String,
}

impl CannedResponseOut {
    pub(in crate::api::chatlake) fn new(account: AccountId, response: CannedResponse) -> Self {
        Self {
            id: response.id.0,
            account_id: account.0,
            short_code: response.short_code,
            content: response.content,
            created_at: time::iso(response.created_at),
            updated_at: time::iso(response.updated_at),
        }
    }
}

/// A custom attribute to define, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct CustomAttributeIn {
    pub(in crate::api::chatlake) attribute_display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) attribute_description: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) attribute_display_type: Option<String>,
    pub(in crate::api::chatlake) attribute_key: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) attribute_model: Option<String>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) regex_pattern: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) regex_cue: Option<Option<String>>,
    pub(in crate::api::chatlake) attribute_values: Option<Vec<String>>,
}

impl Wrap for CustomAttributeIn {
    const NAME: &'static str = "custom_attribute_definition";
}

/// A custom attribute's definition.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CustomAttributeOut {
    id: i64,
    attribute_display_name: String,
    attribute_display_type: &'static str,
    attribute_description: Option<String>,
    attribute_key: String,
    regex_pattern: Option<String>,
    regex_cue: Option<String>,
    attribute_values: Vec<String>,
    attribute_model: &'static str,
    /// The vendor has the field and no way to set it.
    default_value: Option<i64>,
    created_at: String,
    updated_at: String,
}

impl From<CustomAttribute> for CustomAttributeOut {
    fn from(attribute: CustomAttribute) -> Self {
        Self {
            id: attribute.id.0,
            attribute_display_name: attribute.display_name,
            attribute_display_type: attribute.display_type.as_str(),
            attribute_description: attribute.description,
            attribute_key: attribute.key,
            regex_pattern: attribute.regex_pattern,
            regex_cue: attribute.regex_cue,
            attribute_values: attribute.choices,
            attribute_model: attribute.model.as_str(),
            default_value: None,
            created_at: time::iso(attribute.created_at),
            updated_at: time::iso(attribute.updated_at),
        }
    }
}

/// A search to keep, or what to change of one.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct CustomFilterIn {
    pub(in crate::api::chatlake) name: Option<String>,
    #[serde(default, deserialize_with = "lenient::word")]
    #[schemars(with = "lenient::Word")]
    pub(in crate::api::chatlake) filter_type: Option<String>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) query: Option<Attributes>,
}

impl Wrap for CustomFilterIn {
    const NAME: &'static str = "custom_filter";
}

/// A kept search.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CustomFilterOut {
    id: i64,
    name: String,
    filter_type: &'static str,
    query: Map<String, Value>,
    created_at: String,
    updated_at: String,
}

impl From<CustomFilter> for CustomFilterOut {
    fn from(filter: CustomFilter) -> Self {
        Self {
            id: filter.id.0,
            name: filter.name,
            filter_type: filter.kind.as_str(),
            query: filter.query.0,
            created_at: time::iso(filter.created_at),
            updated_at: time::iso(filter.updated_at),
        }
    }
}
