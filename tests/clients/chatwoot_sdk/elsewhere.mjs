// What the client can ask and the service it was written for does not answer either, or not as part of what Quartet
// serves: automation, integrations, and methods whose paths lack a part.

import { test } from "node:test";

import { accountId, admin } from "./client.mjs";
import { refused } from "./fits.mjs";

const call = { accountId, id: 1, hookId: 1, teamId: 1, inboxId: 1, data: { user_ids: [1] } };

for (const [service, methods] of [
    ["automationRule", ["list", "create", "get", "update", "delete"]],
    ["integrations", ["list", "create", "update", "delete"]],
    ["teams", ["listMembers", "addAgent", "updateAgentsInTeam", "removeAgent"]],
]) {
    for (const method of methods) {
        test(`${service}.${method} finds nothing`, async () => {
            await refused(admin[service][method](call), 404);
        });
    }
}

test("inboxes.removeAgent finds nothing", async () => {
    await refused(admin.inboxes.removeAgent(call), 405);
});
