import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { fits, having, id, including, justNowIso, refused, text, without } from "./fits.mjs";
import { unique } from "./scene.mjs";

test("teams", async () => {
    const name = unique("Support");
    const data = { name, description: "Those who help", allow_auto_assign: true };
    const team = {
        id,
        name: name.toLowerCase(),
        description: "Those who help",
        allow_auto_assign: true,
        account_id: accountId,
        is_member: false,
    };
    const made = await admin.teams.create({ accountId, data });
    const { id: teamId } = made;
    fits(made, team);
    fits(await admin.teams.get({ accountId, teamId }), { ...team, id: teamId });
    fits(await admin.teams.list({ accountId }), including({ ...team, id: teamId }));
    const changed = await admin.teams.update({ accountId, teamId, data: { description: "All of us" } });
    fits(changed, { ...team, id: teamId, description: "All of us" });
    fits(await admin.teams.delete({ accountId, teamId }), "");
    await refused(admin.teams.get({ accountId, teamId }), 404);
});

test("canned responses", async () => {
    const short_code = unique("hi");
    const row = {
        id,
        account_id: accountId,
        short_code,
        content: "Hello!",
        created_at: justNowIso,
        updated_at: justNowIso,
    };
    const made = await admin.cannedResponses.create({ accountId, data: { short_code, content: "Hello!" } });
    fits(made, row);
    fits(await admin.cannedResponses.list({ accountId }), including({ ...row, id: made.id }));
    const changed = await admin.cannedResponses.update({
        accountId,
        id: made.id,
        data: { content: "Good day!" },
    });
    fits(changed, { ...row, id: made.id, content: "Good day!" });
    fits(await admin.cannedResponses.delete({ accountId, id: made.id }), "");
    fits(await admin.cannedResponses.list({ accountId }), without(having({ id: made.id })));
    const gone = admin.cannedResponses.delete({ accountId, id: made.id });
    await refused(gone, 404, { error: "Resource could not be found" });
});

test("custom attributes, whose types and models are numbers to this client", async () => {
    const attribute_key = unique("size").replaceAll("-", "_");
    const data = {
        attribute_display_name: "Size",
        attribute_display_type: 6,
        attribute_description: "How tall",
        attribute_key,
        attribute_values: ["S", "M", "L"],
        attribute_model: 1,
    };
    const definition = {
        id,
        attribute_display_name: "Size",
        attribute_display_type: "list",
        attribute_description: "How tall",
        attribute_key,
        regex_pattern: null,
        regex_cue: null,
        attribute_values: ["S", "M", "L"],
        attribute_model: "contact_attribute",
        default_value: null,
        created_at: justNowIso,
        updated_at: justNowIso,
    };
    const made = await admin.customAttributes.create({ accountId, data });
    fits(made, definition);
    const same = { ...definition, id: made.id };
    fits(await admin.customAttributes.get({ accountId, id: made.id }), same);
    fits(await admin.customAttributes.list({ accountId, attributeModel: "1" }), including(same));
    fits(await admin.customAttributes.list({ accountId, attributeModel: "0" }), without(same));
    const renamed = await admin.customAttributes.update({
        accountId,
        id: made.id,
        data: { ...data, attribute_display_name: "Shirt size" },
    });
    fits(renamed, { ...same, attribute_display_name: "Shirt size" });
    fits(await admin.customAttributes.delete({ accountId, id: made.id }), undefined);
    const gone = admin.customAttributes.get({ accountId, id: made.id });
    await refused(gone, 404);
});

test("custom filters", async () => {
    const query = {
        payload: [
            { attribute_key: "status", filter_operator: "equal_to", values: ["open"], query_operator: null },
        ],
    };
    const row = {
        id,
        name: "Open",
        filter_type: "conversation",
        query,
        created_at: justNowIso,
        updated_at: justNowIso,
    };
    const data = { name: "Open", type: "conversation", query };
    const made = await admin.customFilters.create({ accountId, filterType: "conversation", data });
    const customFilterId = made.id;
    fits(made, row);
    const same = { ...row, id: made.id };
    fits(await admin.customFilters.get({ accountId, customFilterId }), same);
    fits(await admin.customFilters.list({ accountId, filterType: "conversation" }), including(same));
    fits(await admin.customFilters.list({ accountId, filterType: "contact" }), without(same));
    const renamed = await admin.customFilters.update({ accountId, customFilterId, data: { name: "To do" } });
    fits(renamed, { ...same, name: "To do" });
    fits(await admin.customFilters.delete({ accountId, customFilterId }), undefined);
    await refused(admin.customFilters.get({ accountId, customFilterId }), 404);
});

test("webhooks", async () => {
    const hook = `https://${unique("hooks")}.example.org/`;
    const row = {
        id,
        name: null,
        url: hook,
        account_id: accountId,
        subscriptions: ["message_created"],
        secret: text,
    };
    const data = { url: hook, subscriptions: ["message_created"] };
    const made = await admin.webhooks.create({ accountId, data });
    fits(made, { payload: { webhook: row } });
    const same = { ...row, id: made.payload.webhook.id };
    fits(await admin.webhooks.list({ accountId }), { payload: { webhooks: including(same) } });
    const changed = { url: hook, subscriptions: ["conversation_created", "message_updated"] };
    fits(await admin.webhooks.update({ accountId, webhookId: same.id, data: changed }), {
        payload: { webhook: { ...same, subscriptions: changed.subscriptions } },
    });
    fits(await admin.webhooks.delete({ accountId, webhookId: same.id }), "");
    const gone = admin.webhooks.delete({ accountId, webhookId: same.id });
    await refused(gone, 404);
    const wrong = admin.webhooks.create({ accountId, data: { url: "no url" } });
    await refused(wrong, 422, { message: "Url is invalid", attributes: ["url"] });
});

test("agent bots", async () => {
    const data = {
        name: unique("Robo"),
        description: "Answers",
        outgoing_url: "https://robo.example.org/hook",
    };
    const row = {
        id,
        ...data,
        thumbnail: "",
        bot_type: "webhook",
        bot_config: {},
        account_id: accountId,
        access_token: text,
        secret: text,
        system_bot: false,
    };
    const made = await admin.accountAgentBots.create({ accountId, data });
    fits(made, row);
    const same = { ...row, id: made.id };
    fits(await admin.accountAgentBots.get({ accountId, id: made.id }), same);
    fits(
        await admin.accountAgentBots.list({ accountId }),
        including(having({ id: made.id, name: data.name })),
    );
    const changed = await admin.accountAgentBots.update({
        accountId,
        id: made.id,
        data: { description: "Asks" },
    });
    fits(changed, { ...same, description: "Asks" });
    fits(await admin.accountAgentBots.delete({ accountId, id: made.id }), "");
    const gone = admin.accountAgentBots.get({ accountId, id: made.id });
    await refused(gone, 404);
});
