//! Notes about contacts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time;
use super::user::AgentBody;
use crate::model::{AccountId, Agent, Note};

/// What a note is to say; it may stand under the note's name.
#[derive(Debug, Deserialize, JsonSchema)]
pub(in crate::api::chatlake) struct NoteParams {
    note: Option<NoteFields>,
    #[serde(flatten)]
    fields: NoteFields,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
struct NoteFields {
    content: Option<String>,
}

impl NoteParams {
    pub(in crate::api::chatlake) fn into_content(self) -> Option<String> {
        let within = self.note.unwrap_or_default().content;
        within.or(self.fields.content)
    }
}

/// A note.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::api::chatlake) struct NoteBody {
    id: i64,
    content: String,
    account_id: i64,
    contact_id: i64,
    user: Option<AgentBody>,
    created_at: i64,
    updated_at: i64,
}

impl NoteBody {
    pub(in crate::api::chatlake) fn new(
        account: AccountId,
        note: Note,
        author: Option<&Agent>,
    ) -> Self {
        Self {
            id: note.id.0,
            content: note.content,
            account_id: account.0,
            contact_id: note.contact.0,
            user: author.map(|agent| AgentBody::new(account, agent)),
            created_at: time::seconds(note.created_at),
            updated_at: time::seconds(note.updated_at),
        }
    }
}
