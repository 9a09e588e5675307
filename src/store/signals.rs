//! What concerns only whoever is connected at this moment: told to every server that has somebody to tell, kept nowhere.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::messages::From;
use super::typing::Typing;
use super::{Result, event_feed};
use crate::model::{AccountId, AgentId, BotId, ConversationId};

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Somebody began to write, or stopped.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Who, and which of both.
        typing: Typing,
    },
    /// The contact looked at its conversation.
    Read {
        /// Which.
        conversation: ConversationId,
    },
    /// An agent looked at a conversation, or made it unread again.
    Unread {
        /// Which.
        conversation: ConversationId,
    },
    /// A note names an agent.
    Mentioned {
        /// Where.
        conversation: ConversationId,
        /// Whom.
        agent: AgentId,
    },
    /// A list that clients keep a copy of was changed.
    ListsChanged,
}

impl Signal {
    /// The conversation that it is about, if it is about one.
    pub fn conversation(self) -> Option<ConversationId> {
        match self {
            Self::Typing { conversation, .. }
            | Self::Read { conversation }
            | Self::Unread { conversation }
            | Self::Mentioned { conversation, .. } => Some(conversation),
            Self::ListsChanged => None,
        }
    }
}

/// As it goes from server to server, of whichever versions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wire {
    Typing {
        conversation: i64,
        #[serde(default)]
        agent: Option<i64>,
        #[serde(default)]
        bot: Option<i64>,
        on: bool,
        private: bool,
    },
    Read {
        conversation: i64,
    },
    Unread {
        conversation: i64,
    },
    Mentioned {
        conversation: i64,
        agent: i64,
    },
    ListsChanged,
}

impl Signal {
    /// Reads what another server told; `None` if this version does not know it.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match serde_json::from_str(text).ok()? {
            Wire::Typing {
                conversation,
                agent,
                bot,
                on,
                private,
            } => Self::Typing {
                conversation: ConversationId(conversation),
                typing: Typing {
                    by: match (agent, bot) {
                        (Some(id), _) => From::Agent(AgentId(id)),
                        (None, Some(id)) => From::Bot(BotId(id)),
                        (None, None) => From::Contact,
                    },
                    on,
                    private,
                },
            },
            Wire::Read { conversation } => Self::Read {
                conversation: ConversationId(conversation),
            },
            Wire::Unread { conversation } => Self::Unread {
                conversation: ConversationId(conversation),
            },
            Wire::Mentioned {
                conversation,
                agent,
            } => Self::Mentioned {
                conversation: ConversationId(conversation),
                agent: AgentId(agent),
            },
            Wire::ListsChanged => Self::ListsChanged,
        })
    }

    fn wire(self) -> Wire {
        match self {
            Self::Typing {
                conversation,
                typing,
            } => Wire::Typing {
                conversation: conversation.0,
                agent: match typing.by {
                    From::Agent(id) => Some(id.0),
                    From::System | From::Contact | From::Bot(_) => None,
                },
                bot: match typing.by {
                    From::Bot(id) => Some(id.0),
                    From::System | From::Contact | From::Agent(_) => None,
                },
                on: typing.on,
                private: typing.private,
            },
            Self::Read { conversation } => Wire::Read {
                conversation: conversation.0,
            },
            Self::Unread { conversation } => Wire::Unread {
                conversation: conversation.0,
            },
            Self::Mentioned {
                conversation,
                agent,
            } => Wire::Mentioned {
                conversation: conversation.0,
                agent: agent.0,
            },
            Self::ListsChanged => Wire::ListsChanged,
        }
    }
}

/// Tells every server on which somebody of the account is connected, when the transaction commits. Where nobody is
/// connected it costs a look at the account's mark.
pub(super) async fn tell(
    conn: &mut PgConnection,
    account: AccountId,
    signal: Signal,
    now: DateTime<Utc>,
) -> Result<()> {
    tell_all(conn, account, &[signal], now).await
}

/// Tells several.
pub(super) async fn tell_all(
    conn: &mut PgConnection,
    account: AccountId,
    signals: &[Signal],
    now: DateTime<Utc>,
) -> Result<()> {
    let texts = signals.iter().map(|signal| {
        let signal = serde_json::to_string(&signal.wire())?;
        Ok(format!("{account} {signal}"))
    });
    let texts: Vec<String> = texts.collect::<Result<_>>()?;
    sqlx::query!(
        "select pg_notify($1, s.text) from event_feeds, unnest($2::text[]) as s(text)
         where account_id = $3 and watched_until > $4",
        event_feed::CHANNEL,
        &texts,
        account.0,
        now,
    )
    .fetch_all(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_is_read_as_it_was_told() {
        let conversation = ConversationId(7);
        for by in [From::Contact, From::Agent(AgentId(3)), From::Bot(BotId(4))] {
            let signal = Signal::Typing {
                conversation,
                typing: Typing {
                    by,
                    on: true,
                    private: false,
                },
            };
            let text = serde_json::to_string(&signal.wire()).unwrap();
            assert_eq!(Signal::parse(&text), Some(signal));
        }
        let agent = AgentId(3);
        for signal in [
            Signal::Read { conversation },
            Signal::Unread { conversation },
            Signal::Mentioned {
                conversation,
                agent,
            },
            Signal::ListsChanged,
        ] {
            let text = serde_json::to_string(&signal.wire()).unwrap();
            assert_eq!(Signal::parse(&text), Some(signal));
        }
        assert_eq!(Signal::parse(r#"{"newer":{}}"#), None);
        assert_eq!(Signal::parse(""), None);
    }
}
