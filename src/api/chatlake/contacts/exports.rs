//! Contacts given out as a CSV file, row by row while they are read.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::State;
use futures_util::stream;
use schemars::JsonSchema;
use serde::Deserialize;

use super::super::auth::Administrator;
use super::super::csv_file::CsvFile;
use super::super::error::{Error, Result};
use super::super::filter::{self, ConditionBody};
use super::super::params::Params;
use super::super::route::post;
use super::super::wire::time;
use super::super::{Route, Server};
use crate::model::{AccountId, Contact, ContactId};
use crate::store::contact_lists::ContactFilter;
use crate::store::{self, Store};

/// How many contacts are read at once.
const BATCH: i64 = 500;

/// The columns of a file that nobody chose any for.
const COLUMNS: [Column; 4] = [Column::Id, Column::Name, Column::Email, Column::PhoneNumber];

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/contacts/export",
        post(export, "Gives contacts out as a table"),
    )]
}

/// Which contacts to give out, and what of them.
#[derive(Debug, Deserialize, JsonSchema)]
struct ExportBody {
    column_names: Option<Vec<String>>,
    payload: Option<Vec<ConditionBody>>,
    label: Option<String>,
}

/// What can be given out of a contact.
#[derive(Debug, Clone, Copy)]
enum Column {
    Id,
    Name,
    Email,
    PhoneNumber,
    Identifier,
    Blocked,
    CreatedAt,
    LastActivityAt,
}

/// How far a file has come.
struct Export {
    store: Store,
    account: AccountId,
    filter: ContactFilter,
    columns: Vec<Column>,
    /// What was read and not yet given out: the header first.
    ready: VecDeque<Bytes>,
    /// The last contact that was read; `None` after the last of all.
    after: Option<ContactId>,
}

async fn export(
    State(server): State<Server>,
    Administrator(member): Administrator,
    Params { value: body, .. }: Params<ExportBody>,
) -> Result<CsvFile> {
    let (store, account) = (server.store.clone(), member.account);
    let payload = body.payload.unwrap_or_default();
    let filter = ContactFilter {
        labels: body
            .label
            .filter(|label| !label.is_empty())
            .into_iter()
            .collect(),
        conditions: filter::read(&store, account, Some(payload), server.now()).await?,
        ..ContactFilter::default()
    };
    let columns = read_columns(body.column_names)?;
    let header = line(columns.iter().map(|column| column.name().to_owned()))?;
    let export = Export {
        store,
        account,
        filter,
        columns,
        ready: VecDeque::from([header]),
        after: Some(ContactId(0)),
    };
    Ok(CsvFile {
        disposition: "attachment; filename=\"contacts.csv\"".to_owned(),
        rows: Body::from_stream(stream::try_unfold(export, Export::next)),
    })
}

impl Export {
    /// The next piece of the file.
    async fn next(mut self) -> Result<Option<(Bytes, Self)>> {
        if self.ready.is_empty() {
            self.read().await?;
        }
        Ok(self.ready.pop_front().map(|piece| (piece, self)))
    }

    async fn read(&mut self) -> Result<()> {
        let Some(after) = self.after else {
            return Ok(());
        };
        let (store, account) = (&self.store, self.account);
        let contacts =
            store::contact_lists::list_after(store, account, &self.filter, after, BATCH).await?;
        self.after = contacts.last().map(|contact| contact.id);
        for contact in &contacts {
            let cells = self.columns.iter().map(|column| column.cell(contact));
            self.ready.push_back(line(cells)?);
        }
        Ok(())
    }
}

/// The columns of these names; words that are none are left out.
fn read_columns(names: Option<Vec<String>>) -> Result<Vec<Column>> {
    let names = names.unwrap_or_default();
    let columns: Vec<Column> = names
        .iter()
        .filter_map(|name| Column::parse(name))
        .collect();
    if columns.is_empty() && !names.is_empty() {
        return Err(Error::Refused(
            "column_names: none of them is known".to_owned(),
        ));
    }
    if columns.is_empty() {
        return Ok(COLUMNS.to_vec());
    }
    Ok(columns)
}

impl Column {
    fn parse(name: &str) -> Option<Self> {
        let all = [
            Self::Id,
            Self::Name,
            Self::Email,
            Self::PhoneNumber,
            Self::Identifier,
            Self::Blocked,
            Self::CreatedAt,
            Self::LastActivityAt,
        ];
        all.into_iter().find(|column| column.name() == name)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Name => "name",
            Self::Email => "email",
            Self::PhoneNumber => "phone_number",
            Self::Identifier => "identifier",
            Self::Blocked => "blocked",
            Self::CreatedAt => "created_at",
            Self::LastActivityAt => "last_activity_at",
        }
    }

    fn cell(self, contact: &Contact) -> String {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        match self {
            Self::Id => contact.id.to_string(),
            Self::Name => contact.name.clone(),
            Self::Email => text(&contact.email),
            Self::PhoneNumber => text(&contact.phone_number),
            Self::Identifier => text(&contact.identifier),
            Self::Blocked => contact.blocked.to_string(),
            Self::CreatedAt => time::iso(contact.created_at),
            Self::LastActivityAt => contact.last_activity_at.map(time::iso).unwrap_or_default(),
        }
    }
}

/// A line of the file.
fn line(cells: impl Iterator<Item = String>) -> Result<Bytes> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let unwritable = |_| Error::Refused("a row cannot be written".to_owned());
    writer.write_record(cells).map_err(unwritable)?;
    let line = writer.into_inner().expect("a vector takes every byte");
    Ok(Bytes::from(line))
}
