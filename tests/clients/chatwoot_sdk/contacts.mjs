import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { fits, having, id, including, justNow, refused, uuid } from "./fits.mjs";
import { createContact, createConversation, createInbox, unique } from "./scene.mjs";

const slim = (inbox) => ({
    id: inbox.id,
    avatar_url: "",
    channel_id: inbox.channel_id,
    name: inbox.name,
    channel_type: "Channel::Api",
    provider: null,
});

const bare = {
    additional_attributes: {},
    availability_status: "offline",
    email: null,
    id,
    name: "Ann",
    phone_number: null,
    blocked: false,
    identifier: null,
    thumbnail: "",
    custom_attributes: {},
    created_at: justNow,
};

/** A person, with their ways into inboxes, as lists and single answers show them. */
const contact = (data, ways = []) => ({ ...bare, ...data, contact_inboxes: ways });

test("a contact is made, in both shapes that clients read", async () => {
    const inbox = await createInbox();
    const data = {
        inbox_id: inbox.id,
        name: "Ann",
        email: `${unique("Ann")}@Example.org`,
        phone_number: `+49${Date.now()}`,
        identifier: unique("ann@s.whatsapp.net"),
        avatar_url: null,
        custom_attributes: { city: "Ulm", visits: 3 },
    };
    const known = {
        email: data.email.toLowerCase(),
        phone_number: data.phone_number,
        identifier: data.identifier,
        custom_attributes: data.custom_attributes,
    };
    const made = await admin.contacts.create({ accountId, data });
    const way = { source_id: uuid, inbox: slim(inbox) };
    fits(made.payload, {
        contact: contact(known, [way]),
        contact_inbox: { source_id: uuid, inbox: having({ id: inbox.id, name: inbox.name }) },
    });
    fits(
        made,
        having({ id, name: "Ann", email: known.email, contact_inboxes: [having({ source_id: uuid })] }),
    );

    const shown = await admin.contacts.get({ accountId, id: made.id });
    fits(shown, { payload: contact({ ...known, id: made.id }, [way]) });
    const again = admin.contacts.create({ accountId, data: { name: "Eve", email: known.email } });
    const taken = { message: "Email has already been taken", attributes: ["email"] };
    await refused(again, 422, taken);
});

test("contacts are listed and searched by page", async () => {
    const name = unique("Zoe");
    const email = `${name.toLowerCase()}@example.org`;
    const { payload } = await admin.contacts.create({ accountId, data: { name, email } });
    const zoe = contact({ id: payload.contact.id, name, email }, []);

    const list = await admin.contacts.list({ accountId, sort: "-name" });
    fits(list, { meta: { count: id, current_page: "1" }, payload: including(zoe) });
    const found = await admin.contacts.search({ accountId, q: name.toUpperCase(), sort: "name" });
    fits(found, { meta: { count: 1, current_page: "1", has_more: false }, payload: [zoe] });
    const beyond = await admin.contacts.search({ accountId, q: name, page: 2 });
    fits(beyond, { meta: { count: 0, current_page: "2", has_more: false }, payload: [] });
});

test("contacts are found by any of several values, as gateways ask", async () => {
    const [phone, other] = [`+33${Date.now()}`, `+34${Date.now()}`];
    const { payload } = await admin.contacts.create({
        accountId,
        data: { name: "Bob", phone_number: phone },
    });
    const by = (values, query_operator) => ({
        attribute_key: "phone_number",
        filter_operator: "equal_to",
        values,
        query_operator,
    });
    const bob = contact({ id: payload.contact.id, name: "Bob", phone_number: phone });
    for (const conditions of [
        [by([phone.slice(1)])],
        [by([other.slice(1), phone.slice(1)])],
        [by([other], "OR"), by([phone], null)],
    ]) {
        const found = await admin.contacts.filter({ accountId, payload: conditions });
        fits(found, { meta: { count: 1, current_page: 1 }, payload: [bob] });
    }
    const nonsense = [{ attribute_key: "shoe_size", filter_operator: "equal_to", values: ["44"] }];
    const refusal = { error: (words) => words.startsWith("Invalid attribute key - [shoe_size]") };
    await refused(admin.contacts.filter({ accountId, payload: nonsense }), 422, refusal);
});

test("a contact is changed: attributes are merged", async () => {
    const inbox = await createInbox();
    const ann = await createContact(inbox, { custom_attributes: { city: "Ulm", visits: 3 } });
    const changed = await admin.contacts.update({
        accountId,
        id: ann.id,
        data: { name: "Anna", custom_attributes: { visits: 4 } },
    });
    const way = { source_id: ann.source_id, inbox: slim(inbox) };
    const anna = {
        id: ann.id,
        name: "Anna",
        identifier: ann.identifier,
        custom_attributes: { city: "Ulm", visits: 4 },
    };
    fits(changed, { payload: contact(anna, [way]) });
});

test("a contact has ways into inboxes and conversations", async () => {
    const [first, second] = [await createInbox(), await createInbox()];
    const { contact: ann, conversation } = await createConversation(first);
    const source_id = unique("way");
    const data = { inbox_id: second.id, source_id };
    fits(await admin.contact.create({ accountId, id: ann.id, data }), { source_id, inbox: slim(second) });
    fits(await admin.contact.getContactable({ accountId, id: ann.id }), {
        payload: (ways) =>
            including({ source_id, inbox: slim(second) })(ways) &&
            including({ source_id: ann.source_id, inbox: slim(first) })(ways),
    });
    fits(await admin.contacts.listConversations({ accountId, id: ann.id }), {
        payload: [
            having({
                id: conversation.id,
                inbox_id: first.id,
                meta: having({ sender: having({ id: ann.id }) }),
            }),
        ],
    });
});

test("a contact is removed", async () => {
    const ann = await createContact(await createInbox());
    fits(await admin.contacts.delete({ accountId, id: ann.id }), "");
    const body = { error: "Resource could not be found" };
    await refused(admin.contacts.get({ accountId, id: ann.id }), 404, body);
});
