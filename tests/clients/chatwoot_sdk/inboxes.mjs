import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { fits, having, id, including, refused, text, without } from "./fits.mjs";
import { createInbox, unique } from "./scene.mjs";

const day = (day_of_week) => ({
    day_of_week,
    closed_all_day: (value) => typeof value === "boolean",
    open_hour: (value) => value === null || Number.isInteger(value),
    open_minutes: (value) => value === null || Number.isInteger(value),
    close_hour: (value) => value === null || Number.isInteger(value),
    close_minutes: (value) => value === null || Number.isInteger(value),
    open_all_day: false,
});

const inbox = (name) => ({
    id,
    avatar_url: "",
    channel_id: id,
    name,
    channel_type: "Channel::Api",
    greeting_enabled: false,
    greeting_message: null,
    working_hours_enabled: false,
    enable_email_collect: true,
    csat_survey_enabled: false,
    csat_config: {},
    enable_auto_assignment: (value) => typeof value === "boolean",
    auto_assignment_config: {},
    out_of_office_message: null,
    working_hours: [0, 1, 2, 3, 4, 5, 6].map(day),
    timezone: "UTC",
    callback_webhook_url: null,
    allow_messages_after_resolved: true,
    lock_to_single_conversation: false,
    sender_name_type: "friendly",
    business_name: null,
    allowed_domains: null,
    widget_color: null,
    website_url: null,
    welcome_title: null,
    welcome_tagline: null,
    web_widget_script: null,
    website_token: null,
    selected_feature_flags: null,
    reply_time: null,
    hmac_mandatory: false,
    messaging_service_sid: null,
    phone_number: null,
    provider: null,
    webhook_url: (value) => typeof value === "string",
    inbox_identifier: text,
    additional_attributes: {},
    hmac_token: text,
    secret: (value) => value === null || text(value),
});

test("inboxes are made, shown, listed and changed", async () => {
    const name = unique("Gateway");
    const made = await admin.inboxes.create({
        accountId,
        data: { name, channel: { type: "api", webhook_url: "https://gateway.example.org/hook" } },
    });
    fits(made, { ...inbox(name), webhook_url: "https://gateway.example.org/hook", secret: text });
    fits(await admin.inboxes.get({ accountId, id: made.id }), { ...inbox(name), id: made.id });
    fits(await admin.inboxes.list({ accountId }), { payload: including({ ...inbox(name), id: made.id }) });

    const changed = await admin.inboxes.update({
        accountId,
        id: made.id,
        data: { name: `${name} 2`, enable_auto_assignment: false, channel: { webhook_url: "null" } },
    });
    fits(changed, { ...inbox(`${name} 2`), enable_auto_assignment: false, webhook_url: (url) => !url });
});

test("an inbox that is not there is reported as the client knows it", async () => {
    const body = { error: "Resource could not be found" };
    await refused(admin.inboxes.get({ accountId, id: 999999 }), 404, body);
});

test("agents come into an inbox", async () => {
    const { id: inboxId } = await createInbox();
    const data = { name: "Ida", email: `${unique("ida")}@example.org`, role: "agent" };
    const ida = await admin.agents.create({ accountId, data });
    const listed = { payload: [having({ id: ida.id, name: "Ida", role: "agent", email: data.email })] };

    fits(await admin.inboxes.listAgents({ accountId, inboxId }), {
        payload: without(having({ id: ida.id })),
    });
    const added = { inbox_id: String(inboxId), user_ids: [ida.id] };
    fits(await admin.inboxes.addAgent({ accountId, data: added }), { payload: including(listed.payload[0]) });
    fits(await admin.inboxes.updateAgentsInInbox({ accountId, data: added }), listed);
    fits(await admin.inboxes.listAgents({ accountId, inboxId }), listed);

    const unknown = { inbox_id: String(inboxId), user_ids: [999999] };
    await refused(admin.inboxes.addAgent({ accountId, data: unknown }), 422);
});

test("a bot is set to an inbox", async () => {
    const { id: inboxId } = await createInbox();
    const bot = await admin.accountAgentBots.create({ accountId, data: { name: unique("Robo") } });
    fits(await admin.inboxes.getAgentBot({ accountId, id: inboxId }), { agent_bot: {} });
    fits(await admin.inboxes.updateAgentBot({ accountId, id: inboxId, data: { agent_bot: bot.id } }), "");
    fits(await admin.inboxes.getAgentBot({ accountId, id: inboxId }), {
        agent_bot: having({ id: bot.id, name: bot.name, account_id: accountId }),
    });
    fits(await admin.inboxes.updateAgentBot({ accountId, id: inboxId, data: { agent_bot: null } }), "");
    fits(await admin.inboxes.getAgentBot({ accountId, id: inboxId }), { agent_bot: {} });
    const foreign = admin.inboxes.updateAgentBot({ accountId, id: inboxId, data: { agent_bot: 999999 } });
    await refused(foreign, 404);
});
