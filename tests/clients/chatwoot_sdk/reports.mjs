import assert from "node:assert/strict";
import { before, describe, test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { count, fits, having, id, including, number } from "./fits.mjs";
import { createConversation, createInbox } from "./scene.mjs";

describe("reports", () => {
    let inbox;
    const day = 24 * 60 * 60;
    const midnight = Math.floor(Date.now() / 1000 / day) * day;
    const span = { since: String(midnight), until: String(midnight + day - 1) };

    before(async () => {
        inbox = await createInbox();
        const { conversation } = await createConversation(inbox);
        const at = { accountId, conversationId: conversation.id };
        await admin.messages.create({ ...at, data: { content: "Hello", message_type: "incoming" } });
        await admin.messages.create({ ...at, data: { content: "Hi" } });
        await admin.conversations.toggleStatus({ ...at, data: { status: "resolved" } });
    });

    test("tell how many, by the day", async () => {
        const of = (metric) =>
            admin.reports.list({ accountId, metric, type: "inbox", id: String(inbox.id), ...span });
        for (const metric of [
            "conversations_count",
            "incoming_messages_count",
            "outgoing_messages_count",
            "resolutions_count",
        ]) {
            fits(await of(metric), [{ value: 1, timestamp: midnight }]);
        }
        for (const metric of ["avg_first_response_time", "avg_resolution_time"]) {
            fits(await of(metric), [{ value: number, timestamp: midnight, count: 1 }]);
        }
    });

    test("sum up, beside the time before", async () => {
        const summary = await admin.reports.listSummaries({
            accountId,
            type: "inbox",
            id: String(inbox.id),
            ...span,
        });
        const counts = (value) => ({
            conversations_count: value,
            incoming_messages_count: value,
            outgoing_messages_count: value,
            resolutions_count: value,
        });
        const averages = (value) => ({ avg_first_response_time: value, avg_resolution_time: value });
        const reply_time = null;
        fits(summary, {
            ...counts(1),
            ...averages(number),
            reply_time,
            previous: { ...counts(0), ...averages(null), reply_time },
        });
        const whole = await admin.reports.listSummaries({ accountId, type: "account", ...span });
        fits(whole, having({ ...counts(id), previous: having(counts(0)) }));
    });

    test("tell how things stand", async () => {
        fits(await admin.reports.getMetrics({ accountId, type: "account" }), {
            open: count,
            unattended: count,
            unassigned: count,
            pending: count,
        });
        const agents = await admin.reports.getAgentMetrics({ accountId, type: "agent" });
        const agent = {
            id,
            name: (value) => typeof value === "string",
            email: (value) => value.includes("@"),
            thumbnail: "",
            availability: "offline",
            metric: { open: count, unattended: count },
        };
        assert.ok(agents.length > 0);
        for (const one of agents) fits(one, agent);
        const [first] = agents;
        fits(await admin.reports.getAgentMetrics({ accountId, type: "agent", userId: String(first.id) }), [
            { ...agent, id: first.id },
        ]);
    });
});
