import assert from "node:assert/strict";
import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { count, fits, having, id, justNow, refused, text, url } from "./fits.mjs";
import { createConversation, createInbox, unique } from "./scene.mjs";

// One pixel.
const pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

const message = (inbox, conversation, data) => ({
    id,
    content: null,
    inbox_id: inbox.id,
    conversation_id: conversation.id,
    message_type: 1,
    content_type: "text",
    status: "sent",
    content_attributes: {},
    created_at: justNow,
    private: false,
    source_id: null,
    sender: having({ id, name: text, type: "user" }),
    ...data,
});

async function scene() {
    const inbox = await createInbox();
    const { contact, conversation } = await createConversation(inbox);
    const create = (data) => admin.messages.create({ accountId, conversationId: conversation.id, data });
    return { inbox, contact, conversation, create };
}

test("messages go both ways, each as a chunked form", async () => {
    const { inbox, contact, conversation, create } = await scene();
    const hello = await create({ content: "Hello 👋\nthere", message_type: "incoming", source_id: "WAID:1" });
    fits(
        hello,
        message(inbox, conversation, {
            content: "Hello 👋\nthere",
            message_type: 0,
            source_id: "WAID:1",
            sender: {
                additional_attributes: {},
                custom_attributes: {},
                email: null,
                id: contact.id,
                identifier: contact.identifier,
                name: "Ann",
                phone_number: null,
                thumbnail: "",
                blocked: false,
                type: "contact",
            },
        }),
    );
    const answer = await create({ content: "Hi", message_type: "outgoing", private: false });
    fits(answer, message(inbox, conversation, { content: "Hi" }));
    const note = await create({ content: "A regular", private: true });
    fits(note, message(inbox, conversation, { content: "A regular", private: true }));

    const list = await admin.messages.list({ accountId, conversationId: conversation.id });
    fits(list, {
        meta: having({ labels: [], additional_attributes: {}, contact: having({ id: contact.id }) }),
        payload: [hello, answer, note].map(({ id, content, message_type, source_id }) =>
            having({ id, content, message_type, source_id }),
        ),
    });
});

test("a message answers another", async () => {
    const { create } = await scene();
    const first = await create({
        content: "Which one?",
        message_type: "incoming",
        source_id: unique("WAID"),
    });
    const byId = await create({ content: "That", content_attributes: { in_reply_to: first.id } });
    const known = { in_reply_to: first.id, in_reply_to_external_id: first.source_id };
    fits(byId.content_attributes, having(known));
    const theirs = { in_reply_to_external_id: first.source_id };
    const bySource = await create({ content: "This", message_type: "incoming", content_attributes: theirs });
    fits(bySource.content_attributes, having(known));
});

test("a message offers a choice", async () => {
    const { inbox, conversation, create } = await scene();
    const items = [
        { title: "Yes", value: "y" },
        { title: "No", value: "n" },
    ];
    const asked = await create({
        content: "Well?",
        content_type: "input_select",
        content_attributes: { items },
    });
    fits(
        asked,
        message(inbox, conversation, {
            content: "Well?",
            content_type: "input_select",
            content_attributes: { items },
        }),
    );
    const wrong = {
        content: "Well?",
        content_type: "input_select",
        content_attributes: { items: [{ titel: "Yes" }] },
    };
    await refused(create(wrong), 422, { error: (words) => words.includes("invalid keys for items") });
});

test("files come with a message", async () => {
    const { inbox, conversation, create } = await scene();
    const sent = await create({
        content: "Two files",
        message_type: "incoming",
        attachments: [
            { content: pixel, encoding: "base64", filename: "pixel.png" },
            { content: "Günther was here", encoding: "utf8", filename: "who ünd what.txt" },
        ],
    });
    const file = { id, message_id: sent.id, account_id: accountId, data_url: url, file_size: count };
    fits(
        sent,
        message(inbox, conversation, {
            content: "Two files",
            message_type: 0,
            sender: having({ type: "contact" }),
            attachments: [
                {
                    ...file,
                    file_type: "image",
                    extension: (v) => v === null || v === "png",
                    content_type: "image/png",
                    thumb_url: url,
                    file_size: 70,
                    width: 1,
                    height: 1,
                },
                {
                    ...file,
                    file_type: "file",
                    extension: (v) => v === null || v === "txt",
                    content_type: "text/plain",
                    thumb_url: (v) => typeof v === "string",
                    file_size: 17,
                    width: null,
                    height: null,
                },
            ],
        }),
    );
    const [image, words] = await Promise.all(sent.attachments.map(({ data_url }) => fetch(data_url)));
    assert.equal(image.headers.get("content-type"), "image/png");
    assert.deepEqual(Buffer.from(await image.arrayBuffer()), Buffer.from(pixel, "base64"));
    assert.equal(await words.text(), "Günther was here");
});

test("a message is reported on and taken back", async () => {
    const { inbox, conversation, create } = await scene();
    const sent = await create({ content: "Oops" });
    const at = { accountId, conversationId: conversation.id, messageId: sent.id };
    const read = await admin.messages.update({ ...at, data: { status: "read", content: "Not this" } });
    fits(read, message(inbox, conversation, { id: sent.id, content: "Oops", status: "read" }));
    fits(
        await admin.messages.delete(at),
        message(inbox, conversation, {
            id: sent.id,
            content: "This message was deleted",
            content_attributes: { deleted: true },
            status: "read",
        }),
    );
    const unknown = admin.messages.delete({ ...at, messageId: 999999 });
    await refused(unknown, 404);
});
