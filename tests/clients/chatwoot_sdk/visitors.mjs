import { test } from "node:test";

import { accountId, admin, visitor } from "./client.mjs";
import { fits, having, id, justNow, refused, text, uuid } from "./fits.mjs";
import { createInbox, unique } from "./scene.mjs";

async function come() {
    const inbox = await createInbox();
    const inboxIdentifier = inbox.inbox_identifier;
    const data = { identifier: unique("visitor"), name: "Vera", email: `${unique("vera")}@example.org` };
    const contact = await visitor.contacts.create({ inboxIdentifier, data });
    return { inbox, inboxIdentifier, data, contact, contactIdentifier: contact.source_id };
}

test("a visitor comes, and is known again", async () => {
    const { inboxIdentifier, data, contact, contactIdentifier } = await come();
    const shown = {
        source_id: uuid,
        pubsub_token: text,
        id,
        name: "Vera",
        email: data.email,
        phone_number: null,
    };
    fits(contact, shown);
    fits(await visitor.contacts.get({ inboxIdentifier, contactIdentifier }), contact);
    const update = { name: "Vera V.", custom_attributes: { plan: "gold" } };
    const changed = await visitor.contacts.update({ inboxIdentifier, contactIdentifier, data: update });
    fits(
        changed,
        having({ id: contact.id, name: "Vera V.", email: data.email, custom_attributes: { plan: "gold" } }),
    );
    fits(await visitor.contacts.get({ inboxIdentifier, contactIdentifier }), { ...contact, name: "Vera V." });
    const stranger = visitor.contacts.get({ inboxIdentifier, contactIdentifier: "nobody" });
    await refused(stranger, 404);
});

test("a visitor talks", async () => {
    const { inbox, inboxIdentifier, contact, contactIdentifier } = await come();
    const at = { inboxIdentifier, contactIdentifier };
    const conversation = await visitor.conversations.create(at);
    fits(conversation, {
        id,
        uuid,
        inbox_id: inbox.id,
        contact_last_seen_at: (value) => value === 0 || justNow(value),
        status: "open",
        agent_last_seen_at: 0,
        messages: [],
        contact: having({ id: contact.id, name: "Vera" }),
    });
    const talk = { ...at, conversationId: conversation.id };
    const said = await visitor.messages.create({
        ...talk,
        data: { content: "Anybody there?", echo_id: "e1" },
    });
    fits(
        said,
        having({
            id,
            content: "Anybody there?",
            message_type: 0,
            content_type: "text",
            content_attributes: {},
            created_at: justNow,
            conversation_id: conversation.id,
            sender: having({ id: contact.id }),
        }),
    );

    const items = [
        { title: "Yes", value: "y" },
        { title: "No", value: "n" },
    ];
    const asked = await admin.messages.create({
        accountId,
        conversationId: conversation.id,
        data: { content: "Well?", content_type: "input_select", content_attributes: { items } },
    });
    await admin.messages.create({
        accountId,
        conversationId: conversation.id,
        data: { content: "Hm", private: true },
    });
    const listed = await visitor.messages.list(talk);
    fits(listed, [
        having({ id: said.id }),
        having({ id: asked.id, message_type: 1, content_attributes: { items } }),
    ]);
    const submitted_values = [{ title: "Yes", value: "y" }];
    const answered = await visitor.messages.update({
        ...talk,
        messageId: asked.id,
        data: { submitted_values },
    });
    fits(answered, having({ id: asked.id, content_attributes: { items, submitted_values } }));
    fits(await visitor.conversations.list(at), [
        having({ id: conversation.id, messages: (list) => list.length >= 1 }),
    ]);
});
