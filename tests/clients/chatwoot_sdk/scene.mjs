// What most of the tests need to begin with.

import { accountId, admin } from "./client.mjs";

let made = 0;

/** A word that nothing else here has. */
export function unique(word) {
    made += 1;
    return `${word}-${process.pid}-${made}`;
}

export function createInbox(channel = {}) {
    const data = { name: unique("Inbox"), channel: { type: "api", webhook_url: "", ...channel } };
    return admin.inboxes.create({ accountId, data });
}

/** A contact who comes through an inbox, and how the inbox knows them. */
export async function createContact(inbox, data = {}) {
    const answer = await admin.contacts.create({
        accountId,
        data: { inbox_id: inbox.id, name: "Ann", identifier: unique("ann"), ...data },
    });
    return { ...answer.payload.contact, source_id: answer.payload.contact_inbox.source_id };
}

/** A conversation, begun as the gateways do: every id is text. */
export async function createConversation(inbox, data = {}) {
    const contact = await createContact(inbox);
    const conversation = await admin.conversations.create({
        accountId,
        data: { inbox_id: String(inbox.id), contact_id: String(contact.id), ...data },
    });
    return { contact, conversation };
}
