//! Contacts taken in from a CSV file.
//!
//! The first line names the columns. `name`, `email`, `phone_number` and `identifier` are what they say; `company_name`,
//! `city`, `country` and `country_code` become additional attributes, every other column a custom attribute. A row that
//! could not be made as a contact by itself is left out.

use axum::extract::{FromRequest, Multipart, Request, State};
use csv::StringRecord;
use serde_json::Value;

use super::super::auth::Administrator;
use super::super::error::{Error, Result};
use super::super::parse;
use super::super::route::post;
use super::super::wire::contact::NewContactBody;
use super::super::{Route, Server};
use crate::model::Attributes;
use crate::store;
use crate::store::contacts::NewContact;

/// How many rows are taken in at once.
const BATCH: usize = 500;

/// The most columns that count.
const MAX_COLUMNS: usize = 100;

/// The file of a form; an empty one if there is none.
pub(in crate::api::chatlake) struct ImportFile(Vec<u8>);

impl ImportFile {
    /// The part of the form that it is.
    pub(in crate::api::chatlake) const PART: &str = "import_file";
}

pub(super) fn routes() -> Vec<Route> {
    vec![(
        "/api/v1/accounts/{account_id}/contacts/import",
        post(import, "Takes contacts in from a table"),
    )]
}

async fn import(
    State(server): State<Server>,
    Administrator(member): Administrator,
    ImportFile(file): ImportFile,
) -> Result<()> {
    if file.trim_ascii().is_empty() {
        return Err(Error::Refused("File is blank".to_owned()));
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(&file[..]);
    let columns = read_columns(reader.byte_headers())?;
    let mut batch = Vec::with_capacity(BATCH);
    for row in reader.records() {
        batch.extend(row.ok().and_then(|row| read_row(&columns, &row)));
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            store::contact_imports::import(&server.store, member.account, full, server.now())
                .await?;
        }
    }
    store::contact_imports::import(&server.store, member.account, batch, server.now()).await?;
    Ok(())
}

impl FromRequest<Server> for ImportFile {
    type Rejection = Error;

    async fn from_request(request: Request, server: &Server) -> Result<Self> {
        let Ok(mut form) = Multipart::from_request(request, server).await else {
            return Ok(Self(Vec::new()));
        };
        let mut file = Vec::new();
        while let Some(mut part) = form
            .next_field()
            .await
            .map_err(|error| Error::unreadable(&error))?
        {
            let is_it = part.name() == Some(Self::PART);
            while let Some(chunk) = part
                .chunk()
                .await
                .map_err(|error| Error::unreadable(&error))?
            {
                if is_it {
                    file.extend_from_slice(&chunk);
                }
            }
        }
        Ok(Self(file))
    }
}

fn read_columns(header: csv::Result<&csv::ByteRecord>) -> Result<Vec<String>> {
    let unreadable = || Error::Refused("The first line of the file cannot be read".to_owned());
    let header = header.map_err(|_| unreadable())?;
    let header = StringRecord::from_byte_record(header.clone()).map_err(|_| unreadable())?;
    let name = |text: &str| text.trim_start_matches('\u{feff}').trim().to_owned();
    Ok(header.iter().take(MAX_COLUMNS).map(name).collect())
}

/// A contact, if the row is one.
fn read_row(columns: &[String], row: &StringRecord) -> Option<NewContact> {
    let mut body = NewContactBody::default();
    let mut additional = Attributes::default();
    let mut custom = Attributes::default();
    for (column, text) in columns.iter().zip(row) {
        let text = text.trim();
        if text.is_empty() || column.is_empty() {
            continue;
        }
        if text.contains('\0') || column.contains('\0') {
            return None;
        }
        let said = Some(text.to_owned());
        match column.to_lowercase().as_str() {
            "name" => body.name = said,
            "email" => body.email = said,
            "phone_number" => body.phone_number = said,
            "identifier" => body.identifier = said,
            "company_name" | "city" | "country" | "country_code" => {
                additional.insert(column.to_lowercase(), Value::from(text));
            }
            _ => {
                custom.insert(column.clone(), Value::from(text));
            }
        }
    }
    body.additional_attributes = Some(additional);
    body.custom_attributes = Some(custom);
    let contact = parse::contact(body).ok()?;
    let says_nothing = contact.name.is_empty()
        && contact.email.is_none()
        && contact.phone_number.is_none()
        && contact.identifier.is_none();
    (!says_nothing).then_some(contact)
}
