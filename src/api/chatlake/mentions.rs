//! Agents and teams whom a note names: `[Jane](mention://user/2/Jane)`.

use super::Server;
use super::error::Result;
use crate::model::{AccountId, Conversation, Message, TeamId};
use crate::store::participants;

/// The most people and teams that one note names.
const MAX_NAMED: usize = 100;

/// Keeps whom a note names, of those who may look into its conversation. A repeat keeps it again.
pub(super) async fn keep(
    server: &Server,
    account: AccountId,
    conversation: &Conversation,
    note: &Message,
) -> Result<()> {
    let content = note.content.as_deref().unwrap_or_default();
    let mut agents = named(content, "mention://user/");
    let teams: Vec<TeamId> = named(content, "mention://team/")
        .into_iter()
        .map(TeamId)
        .collect();
    if agents.is_empty() && teams.is_empty() {
        return Ok(());
    }
    let store = &server.store;
    if !teams.is_empty() {
        let of_teams = participants::list_of_teams(store, account, &teams).await?;
        agents.extend(of_teams.into_iter().map(|id| id.0));
    }
    let agents =
        participants::list_with_access(store, account, conversation.inbox, &agents).await?;
    participants::mention(store, account, conversation.id, agents, note.created_at).await?;
    Ok(())
}

/// The numbers behind a prefix, each followed by a slash.
fn named(content: &str, prefix: &str) -> Vec<i64> {
    let behind = content.split(prefix).skip(1);
    let ids = behind.filter_map(|text| text.split_once('/')?.0.parse().ok());
    ids.take(MAX_NAMED).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_people_and_teams() {
        let note = "[@A](mention://user/2/A) and [@B](mention://user/31/B), [@T](mention://team/5/T) mention://user/x/";
        assert_eq!(named(note, "mention://user/"), [2, 31]);
        assert_eq!(named(note, "mention://team/"), [5]);
        assert_eq!(named("nobody", "mention://user/"), [0_i64; 0]);
    }
}
