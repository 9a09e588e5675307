//! The people outside, and how they come in.

use chrono::{DateTime, Utc};

use super::{AccountId, AgentId, Attributes, ContactId, ContactInboxId, InboxId, NoteId};

/// Why a text is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Not an e-mail address.
    #[error("is not an e-mail address")]
    Email,
    /// Not a phone number.
    #[error("is not a phone number")]
    PhoneNumber,
}

/// An e-mail address, lower-case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

impl Email {
    /// Reads an address: trimmed, lower-cased, at most 255 characters.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        let options = email_address::Options::default().without_display_text();
        match email_address::EmailAddress::parse_with_options(text, options) {
            Ok(_) if text.len() <= 255 && !text.chars().any(char::is_control) => {
                Ok(Self(text.to_lowercase()))
            }
            _ => Err(Invalid::Email),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A phone number in E.164 form, with its leading plus sign.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PhoneNumber(String);

impl PhoneNumber {
    /// Longest text worth reading: the parser's work grows with it.
    const MAX_LENGTH: usize = 40;

    /// Reads a number as people write it; one without a country code is of `region` (ISO 3166, such as `US`).
    pub fn parse(text: &str, region: &str) -> Result<Self, Invalid> {
        let text = text.trim();
        if text.len() > Self::MAX_LENGTH {
            return Err(Invalid::PhoneNumber);
        }
        let number =
            phonenumber::parse(region.parse().ok(), text).map_err(|_| Invalid::PhoneNumber)?;
        if !number.is_valid() {
            return Err(Invalid::PhoneNumber);
        }
        Ok(Self(
            number.format().mode(phonenumber::Mode::E164).to_string(),
        ))
    }

    /// Takes a number that is E.164 by its form alone: a plus sign, then up to fifteen digits, the first not 0.
    pub fn parse_e164(text: &str) -> Result<Self, Invalid> {
        let digits = text.strip_prefix('+').ok_or(Invalid::PhoneNumber)?;
        let well_formed = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed {
            Ok(Self(text.to_owned()))
        } else {
            Err(Invalid::PhoneNumber)
        }
    }

    /// The number.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A person outside.
#[derive(Debug, Clone, PartialEq)]
pub struct Contact {
    /// Whose it is.
    pub account: AccountId,
    /// Its id.
    pub id: ContactId,
    /// Name, or empty.
    pub name: String,
    /// Lower-case e-mail address.
    pub email: Option<String>,
    /// E.164 phone number.
    pub phone_number: Option<String>,
    /// The id another system knows the contact by.
    pub identifier: Option<String>,
    /// Picture, or empty.
    pub avatar_url: String,
    /// Whether what the contact says is put aside.
    pub blocked: bool,
    /// Whether the contact is connected.
    pub is_present: bool,
    /// Made while trying a bot out.
    pub is_test: bool,
    /// Where the contact last came from, or empty.
    pub ip_address: String,
    /// What the server found out (place, browser, …).
    pub additional_attributes: Attributes,
    /// What the account keeps.
    pub custom_attributes: Attributes,
    /// The utm_* keys of the newest chat start that had any.
    pub campaign: Attributes,
    /// When the contact last did anything.
    pub last_activity_at: Option<DateTime<Utc>>,
    /// When the contact last started a chat.
    pub last_login_at: Option<DateTime<Utc>>,
    /// Grows with every change.
    pub row_version: i64,
    /// When the contact was first seen.
    pub created_at: DateTime<Utc>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

/// A contact's way into one inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactInbox {
    /// Its id.
    pub id: ContactInboxId,
    /// Whose way.
    pub contact: ContactId,
    /// Into where.
    pub inbox: InboxId,
    /// The contact's id in the channel.
    pub source_id: String,
    /// Opens the contact's own event stream.
    pub pubsub_token: String,
    /// Whether the contact proved its identifier.
    pub hmac_verified: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// What an agent wrote down about a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Its id.
    pub id: NoteId,
    /// About whom.
    pub contact: ContactId,
    /// Who wrote it.
    pub author: Option<AgentId>,
    /// What it says.
    pub content: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// The 24 hex digits that name a contact inbox for good: the second of its making, then its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserHexId {
    /// Seconds since 1970, the low 32 bits.
    pub created: u32,
    /// The contact inbox.
    pub id: ContactInboxId,
}

impl UserHexId {
    /// The id of a contact inbox made at `created_at`.
    pub fn new(id: ContactInboxId, created_at: DateTime<Utc>) -> Self {
        let created = u32::try_from(created_at.timestamp().rem_euclid(1 << 32)).unwrap_or_default();
        Self { created, id }
    }

    /// Reads 24 hex digits.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != 24 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let created = u32::from_str_radix(&text[..8], 16).ok()?;
        let id = i64::from_str_radix(&text[8..], 16).ok()?;
        Some(Self {
            created,
            id: ContactInboxId(id),
        })
    }
}

impl std::fmt::Display for UserHexId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:08x}{:016x}", self.created, self.id.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_is_trimmed_and_lower_cased() {
        assert_eq!(
            Email::parse(" Ann@Example.ORG ").unwrap().as_str(),
            "ann@example.org"
        );
        for bad in [
            "",
            "ann",
            "ann@",
            "@example.org",
            "Ann <ann@example.org>",
            "a b@example.org",
        ] {
            assert_eq!(Email::parse(bad), Err(Invalid::Email), "{bad}");
        }
    }

    #[test]
    fn a_phone_number_becomes_e164() {
        assert_eq!(
            PhoneNumber::parse("(415) 555-2671", "US").unwrap().as_str(),
            "+14155552671"
        );
        assert_eq!(
            PhoneNumber::parse("+46 8 123 456 78", "US")
                .unwrap()
                .as_str(),
            "+46812345678"
        );
        for bad in ["", "hello", "12", &"9".repeat(4000)] {
            assert_eq!(
                PhoneNumber::parse(bad, "US"),
                Err(Invalid::PhoneNumber),
                "{bad}"
            );
        }
        assert!(PhoneNumber::parse_e164("+14155552671").is_ok());
        for bad in ["14155552671", "+0155", "+1415555267100000", "+1 415"] {
            assert_eq!(
                PhoneNumber::parse_e164(bad),
                Err(Invalid::PhoneNumber),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_hex_id_names_its_contact_inbox() {
        let at = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        let id = UserHexId::new(ContactInboxId(77), at);
        assert_eq!(id.to_string(), "6553f100000000000000004d");
        assert_eq!(UserHexId::parse("6553f100000000000000004d"), Some(id));
        assert_eq!(UserHexId::parse("nope"), None);
    }
}
