//! Contacts and their ways into inboxes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::inbox::{PageInbox, RawInbox, SlimInbox};
use super::{lenient, time};
use crate::api::chatlake::paging::CurrentPage;
use crate::model::{Attributes, Contact, ContactInbox, Inbox};

/// A contact to make.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewContactBody {
    pub(in crate::api::chatlake) name: Option<String>,
    pub(in crate::api::chatlake) email: Option<String>,
    pub(in crate::api::chatlake) phone_number: Option<String>,
    pub(in crate::api::chatlake) identifier: Option<String>,
    pub(in crate::api::chatlake) avatar_url: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) blocked: Option<bool>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) additional_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<i64>,
    pub(in crate::api::chatlake) source_id: Option<String>,
}

/// What to change of a contact: what is left out stays, and nothing takes it away.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct ContactPatchBody {
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) name: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) email: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) phone_number: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) identifier: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::present")]
    pub(in crate::api::chatlake) avatar_url: Option<Option<String>>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) blocked: Option<bool>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) additional_attributes: Option<Attributes>,
    #[serde(default, deserialize_with = "lenient::attributes")]
    #[schemars(with = "lenient::Object")]
    pub(in crate::api::chatlake) custom_attributes: Option<Attributes>,
}

/// Keys of custom attributes that are no longer kept.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct ForgottenBody {
    #[serde(default)]
    pub(in crate::api::chatlake) custom_attributes: Vec<String>,
}

/// The labels that something is to have.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct LabelsBody {
    #[serde(default)]
    pub(in crate::api::chatlake) labels: Option<Vec<String>>,
}

/// A way into an inbox to make.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NewWayBody {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<i64>,
    pub(in crate::api::chatlake) source_id: Option<String>,
    #[serde(default, deserialize_with = "lenient::flag")]
    #[schemars(with = "lenient::Flag")]
    pub(in crate::api::chatlake) hmac_verified: Option<bool>,
}

/// A way into an inbox that is looked for.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct WayLookup {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) inbox_id: Option<i64>,
    pub(in crate::api::chatlake) source_id: Option<String>,
}

/// Two contacts that become one: the first stays.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct MergeBody {
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) base_contact_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient::id")]
    #[schemars(with = "lenient::Id")]
    pub(in crate::api::chatlake) mergee_contact_id: Option<i64>,
}

/// A page of contacts.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ContactList {
    pub(in crate::api::chatlake) meta: ListMeta,
    pub(in crate::api::chatlake) payload: Vec<ContactBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ListMeta {
    /// Of all pages.
    pub(in crate::api::chatlake) count: i64,
    pub(in crate::api::chatlake) current_page: CurrentPage,
}

/// A page of contacts that were searched for.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct FoundContacts {
    pub(in crate::api::chatlake) meta: FoundMeta,
    pub(in crate::api::chatlake) payload: Vec<ContactBody>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct FoundMeta {
    /// Of this page.
    pub(in crate::api::chatlake) count: usize,
    pub(in crate::api::chatlake) current_page: CurrentPage,
    pub(in crate::api::chatlake) has_more: bool,
}

/// A contact.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct ContactBody {
    additional_attributes: Map<String, Value>,
    availability_status: &'static str,
    email: Option<String>,
    id: i64,
    name: String,
    phone_number: Option<String>,
    blocked: bool,
    identifier: Option<String>,
    thumbnail: String,
    custom_attributes: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_activity_at: Option<i64>,
    created_at: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    contact_inboxes: Option<Vec<ContactInboxBody<SlimInbox>>>,
}

impl ContactBody {
    /// The contact alone.
    pub(in crate::api::chatlake) fn new(contact: &Contact) -> Self {
        Self {
            additional_attributes: contact.additional_attributes.0.clone(),
            availability_status: if contact.is_present {
                "online"
            } else {
                "offline"
            },
            email: contact.email.clone(),
            id: contact.id.0,
            name: contact.name.clone(),
            phone_number: contact.phone_number.clone(),
            blocked: contact.blocked,
            identifier: contact.identifier.clone(),
            thumbnail: contact.avatar_url.clone(),
            custom_attributes: contact.custom_attributes.0.clone(),
            last_activity_at: contact.last_activity_at.map(time::seconds),
            created_at: time::seconds(contact.created_at),
            contact_inboxes: None,
        }
    }

    /// With its ways into inboxes.
    pub(in crate::api::chatlake) fn with_ways(
        contact: &Contact,
        ways: &[(ContactInbox, Inbox)],
    ) -> Self {
        let ways = ways.iter().map(|(way, inbox)| ContactInboxBody {
            source_id: way.source_id.clone(),
            inbox: SlimInbox::new(inbox),
        });
        Self {
            contact_inboxes: Some(ways.collect()),
            ..Self::new(contact)
        }
    }
}

/// A way into an inbox.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ContactInboxBody_of_{I}")]
pub(in crate::api::chatlake) struct ContactInboxBody<I> {
    pub(in crate::api::chatlake) source_id: String,
    pub(in crate::api::chatlake) inbox: I,
}

/// What is answered to whoever makes a contact: as the live service does, with the keys of the vendor's page beside it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct CreatedContact {
    payload: CreatedPayload,
    id: i64,
    name: String,
    email: Option<String>,
    phone_number: Option<String>,
    thumbnail: String,
    additional_attributes: Map<String, Value>,
    contact_inboxes: Vec<ContactInboxBody<PageInbox>>,
    availability_status: &'static str,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CreatedPayload {
    contact: ContactBody,
    contact_inbox: CreatedWay,
}

#[derive(Debug, Serialize, JsonSchema)]
struct CreatedWay {
    inbox: Option<RawInbox>,
    source_id: Option<String>,
}

impl CreatedContact {
    pub(in crate::api::chatlake) fn new(
        account: crate::model::AccountId,
        contact: &Contact,
        way: Option<(ContactInbox, Inbox)>,
    ) -> Self {
        let ways: Vec<(ContactInbox, Inbox)> = way.into_iter().collect();
        let body = ContactBody::with_ways(contact, &ways);
        let on_page = ways.iter().map(|(way, inbox)| ContactInboxBody {
            source_id: way.source_id.clone(),
            inbox: PageInbox::new(inbox),
        });
        Self {
            id: body.id,
            name: body.name.clone(),
            email: body.email.clone(),
            phone_number: body.phone_number.clone(),
            thumbnail: body.thumbnail.clone(),
            additional_attributes: body.additional_attributes.clone(),
            availability_status: body.availability_status,
            contact_inboxes: on_page.collect(),
            payload: CreatedPayload {
                contact: body,
                contact_inbox: CreatedWay {
                    inbox: ways.first().map(|(_, inbox)| RawInbox::new(account, inbox)),
                    source_id: ways.first().map(|(way, _)| way.source_id.clone()),
                },
            },
        }
    }
}

/// A contact as the sender of a message.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct PushContact {
    additional_attributes: Map<String, Value>,
    custom_attributes: Map<String, Value>,
    email: Option<String>,
    id: i64,
    identifier: Option<String>,
    name: String,
    phone_number: Option<String>,
    thumbnail: String,
    blocked: bool,
    r#type: &'static str,
}

impl PushContact {
    pub(in crate::api::chatlake) fn new(contact: &Contact) -> Self {
        Self {
            additional_attributes: contact.additional_attributes.0.clone(),
            custom_attributes: contact.custom_attributes.0.clone(),
            email: contact.email.clone(),
            id: contact.id.0,
            identifier: contact.identifier.clone(),
            name: contact.name.clone(),
            phone_number: contact.phone_number.clone(),
            thumbnail: contact.avatar_url.clone(),
            blocked: contact.blocked,
            r#type: "contact",
        }
    }
}
