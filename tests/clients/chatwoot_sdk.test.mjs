// The published client of WhatsApp gateways and the like, over everything that it can ask. `scripts/clients` runs it
// against a server of its own.

import assert from "node:assert/strict";
import { after } from "node:test";

import { called, surface } from "./chatwoot_sdk/client.mjs";

import "./chatwoot_sdk/inboxes.mjs";
import "./chatwoot_sdk/contacts.mjs";
import "./chatwoot_sdk/conversations.mjs";
import "./chatwoot_sdk/messages.mjs";
import "./chatwoot_sdk/people.mjs";
import "./chatwoot_sdk/settings.mjs";
import "./chatwoot_sdk/reports.mjs";
import "./chatwoot_sdk/visitors.mjs";
import "./chatwoot_sdk/platform.mjs";
import "./chatwoot_sdk/elsewhere.mjs";

after(() => {
    const missed = surface().filter((name) => !called.has(name));
    assert.deepEqual(missed, [], "methods of the client that nothing here calls");
});
