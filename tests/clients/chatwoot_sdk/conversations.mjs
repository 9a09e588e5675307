import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { fits, having, id, including, justNow, justNowFloat, refused, uuid } from "./fits.mjs";
import { createContact, createConversation, createInbox, unique } from "./scene.mjs";

const sender = (contact) => ({
    additional_attributes: {},
    availability_status: "offline",
    email: null,
    id: contact.id,
    name: contact.name,
    phone_number: null,
    blocked: false,
    identifier: contact.identifier,
    thumbnail: "",
    custom_attributes: {},
    created_at: justNow,
    last_activity_at: justNow,
});

/** A conversation in which nothing has been said. */
const silent = (inbox, contact) => ({
    meta: { sender: (value) => keysOf(value, contact), channel: "Channel::Api", hmac_verified: false },
    id,
    messages: [],
    account_id: accountId,
    uuid,
    additional_attributes: {},
    agent_last_seen_at: 0,
    assignee_last_seen_at: 0,
    can_reply: true,
    contact_last_seen_at: 0,
    custom_attributes: {},
    inbox_id: inbox.id,
    labels: [],
    muted: false,
    snoozed_until: null,
    status: "open",
    created_at: justNow,
    updated_at: justNowFloat,
    timestamp: justNow,
    first_reply_created_at: 0,
    unread_count: 0,
    last_non_activity_message: null,
    last_activity_at: justNow,
    priority: null,
    waiting_since: 0,
    sla_policy_id: null,
});

/** Somebody who may have been active already, or not. */
function keysOf(value, contact) {
    const { last_activity_at, ...rest } = sender(contact);
    fits({ last_activity_at: value.created_at, ...value }, { last_activity_at, ...rest });
    return true;
}

test("a conversation is begun with ids that are text, and shown", async () => {
    const inbox = await createInbox();
    const { contact, conversation } = await createConversation(inbox);
    fits(conversation, silent(inbox, contact));
    const shown = await admin.conversations.get({ accountId, conversationId: conversation.id });
    fits(shown, { ...silent(inbox, contact), id: conversation.id });

    const ben = await createContact(inbox);
    const data = {
        source_id: ben.source_id,
        inbox_id: String(inbox.id),
        status: "pending",
        additional_attributes: { browser: "none" },
        custom_attributes: { order: "7" },
    };
    fits(await admin.conversations.create({ accountId, data }), {
        ...silent(inbox, ben),
        status: "pending",
        additional_attributes: { browser: "none" },
        custom_attributes: { order: "7" },
    });
    const nobody = { inbox_id: String(inbox.id), contact_id: "999999" };
    await refused(admin.conversations.create({ accountId, data: nobody }), 404);
});

test("conversations are listed, counted and filtered", async () => {
    const inbox = await createInbox();
    const label = unique("vip");
    const { conversation } = await createConversation(inbox);
    await createConversation(inbox);
    const data = { labels: [label, "late"] };
    await admin.conversationLabels.add({ accountId, conversationId: conversation.id, data });

    const counts = { mine_count: 0, assigned_count: 0, unassigned_count: 2, all_count: 2 };
    const one = { mine_count: 0, assigned_count: 0, unassigned_count: 1, all_count: 1 };
    const inboxId = inbox.id;
    fits(await admin.conversations.getMeta({ accountId, inboxId }), { meta: counts });
    fits(await admin.conversations.getMeta({ accountId, inboxId, labels: [label] }), { meta: one });
    fits(await admin.conversations.getMeta({ accountId, inboxId, labels: ["unheard-of", label] }), {
        meta: one,
    });
    fits(await admin.conversations.list({ accountId, inboxId }), {
        data: {
            meta: counts,
            payload: (list) => list.length === 2 && list.every((one) => one.inbox_id === inboxId),
        },
    });
    fits(await admin.conversations.list({ accountId, inboxId, labels: [label], page: 1 }), {
        data: { meta: one, payload: [having({ id: conversation.id, labels: including(label) })] },
    });
    const none = await admin.conversations.list({
        accountId,
        inboxId,
        assigneeType: "me",
        status: "resolved",
        page: 2,
    });
    fits(none.data.payload, []);
});

test("conversations are found by conditions", async () => {
    const inbox = await createInbox();
    const { conversation } = await createConversation(inbox, { status: "pending" });
    await createConversation(inbox);
    const payload = [
        {
            attribute_key: "inbox_id",
            filter_operator: "equal_to",
            values: [String(inbox.id)],
            query_operator: "AND",
        },
        {
            attribute_key: "status",
            filter_operator: "equal_to",
            values: ["pending", "snoozed"],
            query_operator: null,
        },
    ];
    fits(await admin.conversations.filter({ accountId, payload, page: 1 }), {
        meta: { mine_count: 0, unassigned_count: 1, all_count: 1 },
        payload: [having({ id: conversation.id, status: "pending" })],
    });
});

test("a conversation is resolved and opened again", async () => {
    const { conversation } = await createConversation(await createInbox());
    const conversationId = conversation.id;
    for (const status of ["resolved", "open", "pending"]) {
        fits(await admin.conversations.toggleStatus({ accountId, conversationId, data: { status } }), {
            meta: {},
            payload: {
                success: true,
                conversation_id: conversationId,
                current_status: status,
                snoozed_until: null,
            },
        });
    }
    const unknown = admin.conversations.toggleStatus({
        accountId,
        conversationId: 999999,
        data: { status: "open" },
    });
    await refused(unknown, 404, { error: "Resource could not be found" });
});

test("a conversation is labelled", async () => {
    const { conversation } = await createConversation(await createInbox());
    const conversationId = conversation.id;
    fits(await admin.conversationLabels.list({ accountId, conversationId }), { payload: [] });
    const add = (labels) => admin.conversationLabels.add({ accountId, conversationId, data: { labels } });
    fits(await add(["urgent"]), { payload: ["urgent"] });
    fits(await add(["later"]), { payload: ["later"] });
    fits(await admin.conversationLabels.list({ accountId, conversationId }), { payload: ["later"] });
    fits(await add([]), { payload: [] });
});

test("a conversation is given to agents and teams", async () => {
    const inbox = await createInbox();
    const { conversation } = await createConversation(inbox);
    const conversationId = conversation.id;
    const assign = (data) => admin.conversationAssignment.assign({ accountId, conversationId, data });

    const data = { name: "Max", email: `${unique("max")}@example.org`, role: "agent" };
    const max = await admin.agents.create({ accountId, data });
    await admin.inboxes.addAgent({ accountId, data: { inbox_id: String(inbox.id), user_ids: [max.id] } });
    const team = await admin.teams.create({
        accountId,
        data: { name: unique("team"), allow_auto_assign: false },
    });
    fits(await assign({ team_id: team.id }), having({ id: team.id, name: team.name, account_id: accountId }));
    fits(
        await assign({ assignee_id: max.id }),
        having({ id: max.id, name: "Max", email: data.email, role: "agent" }),
    );

    const shown = await admin.conversations.get({ accountId, conversationId });
    fits(
        shown.meta,
        having({
            assignee: having({ id: max.id, name: "Max" }),
            assignee_type: "User",
            team: having({ id: team.id, name: team.name }),
        }),
    );
    fits(await assign({ assignee_id: null }), null);
    fits(await assign({ team_id: 0 }), null);
    const { meta } = await admin.conversations.get({ accountId, conversationId });
    fits(Object.keys(meta).sort(), ["channel", "hmac_verified", "sender"]);
});
