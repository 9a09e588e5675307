import { test } from "node:test";

import { accountId, admin, client } from "./client.mjs";
import { fits, having, id, including, refused, text, without } from "./fits.mjs";
import { unique } from "./scene.mjs";

const agent = (data) => ({
    id,
    account_id: accountId,
    availability_status: "offline",
    auto_offline: true,
    confirmed: true,
    provider: "email",
    available_name: data.name,
    thumbnail: "",
    custom_role_id: null,
    ...data,
});

test("agents are made, listed, changed and removed", async () => {
    const data = { name: "Kim", email: `${unique("kim")}@example.org`, role: "agent" };
    const kim = await admin.agents.create({ accountId, data: { ...data, availability_status: "available" } });
    const { id: kimId } = kim;
    fits(kim, agent(data));
    fits(await admin.agents.list({ accountId }), including(agent({ ...data, id: kimId })));
    await refused(admin.agents.create({ accountId, data }), 422);

    const changed = { role: "administrator", availability: "busy", auto_offline: false };
    const shown = { ...data, id: kimId, role: "administrator", auto_offline: false };
    fits(await admin.agents.update({ accountId, id: kimId, data: changed }), {
        ...agent(shown),
        availability_status: "busy",
    });
    fits(await admin.agents.delete({ accountId, id: kimId }), "");
    fits(await admin.agents.list({ accountId }), without(having({ id: kimId })));
    await refused(admin.agents.update({ accountId, id: kimId, data: changed }), 404);
});

test("users see who they are", async () => {
    const profile = await admin.profile.profile();
    fits(profile, {
        access_token: text,
        account_id: accountId,
        available_name: text,
        avatar_url: "",
        confirmed: true,
        display_name: null,
        message_signature: null,
        email: (value) => value.includes("@"),
        id,
        inviter_id: null,
        name: text,
        provider: "email",
        pubsub_token: text,
        role: "administrator",
        ui_settings: {},
        uid: (value) => value.includes("@"),
        type: null,
        accounts: [
            {
                id: accountId,
                name: text,
                status: "active",
                onboarding_step: null,
                active_at: (value) => value === null || text(value),
                role: "administrator",
                permissions: ["administrator"],
                availability: "online",
                availability_status: "offline",
                auto_offline: true,
            },
        ],
    });
    fits((await client(profile.access_token).profile.profile()).id, profile.id);
});

test("a wrong token and no token are told apart", async () => {
    await refused(client("wrong").profile.profile(), 401, { error: "Invalid Access Token" });
    await refused(client(undefined).profile.profile(), 401, {
        errors: ["You need to sign in or sign up before continuing."],
    });
});
