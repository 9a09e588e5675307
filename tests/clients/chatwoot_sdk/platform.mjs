import { test } from "node:test";

import { admin, client, platform } from "./client.mjs";
import { fits, having, id, including, refused, text, url, without } from "./fits.mjs";
import { unique } from "./scene.mjs";

const password = "Corr3ct horse!";

test("accounts are made, shown, changed and removed", async () => {
    const name = unique("Tenant");
    const made = await platform.accounts.create({ data: { name } });
    const accountId = made.id;
    fits(made, having({ id, name, status: "active", locale: "en", custom_attributes: {} }));
    fits(await platform.accounts.get({ accountId }), made);
    fits(await platform.accounts.update({ accountId, data: { name: `${name} 2` } }), {
        ...made,
        name: `${name} 2`,
    });
    fits(await platform.accounts.delete({ accountId }), "");
    await refused(platform.accounts.get({ accountId }), 404, { error: "Resource could not be found" });
});

test("users are made, shown, changed, signed in and removed", async () => {
    const data = {
        name: "Uma",
        email: `${unique("uma")}@example.org`,
        password,
        custom_attributes: { floor: 2 },
    };
    const made = await platform.users.create({ data });
    fits(
        made,
        having({
            id,
            name: "Uma",
            email: data.email,
            access_token: text,
            custom_attributes: { floor: 2 },
            accounts: [],
        }),
    );
    fits(await platform.users.get({ id: made.id }), made);
    const changed = await platform.users.update({ id: made.id, data: { name: "Uma U." } });
    fits(changed, having({ id: made.id, name: "Uma U.", email: data.email }));
    fits(await platform.users.getSSOUrl({ id: made.id }), { url });
    fits(await platform.users.delete({ id: made.id }), "");
    await refused(platform.users.get({ id: made.id }), 404, { error: "Resource could not be found" });
});

test("the shorter name for users asks for the same", async () => {
    const users = client(process.env.QUARTET_PLATFORM_TOKEN).users;
    const data = { name: "Una", email: `${unique("una")}@example.org`, password };
    const made = await users.create({ data });
    fits(await users.get({ id: made.id }), having({ id: made.id, name: "Una" }));
    fits(await users.update({ id: made.id, data: { name: "Ute" } }), having({ id: made.id, name: "Ute" }));
    fits(await users.getSSOUrl({ id: made.id }), { url });
    fits(await users.delete({ id: made.id }), "");
});

test("users are of accounts", async () => {
    const { id: accountId } = await platform.accounts.create({ data: { name: unique("Tenant") } });
    const data = { name: "Uli", email: `${unique("uli")}@example.org`, password };
    const user = await platform.users.create({ data });
    const row = having({ account_id: accountId, user_id: user.id, role: "administrator" });
    const place = { user_id: user.id, role: "administrator" };
    fits(await platform.accountUsers.create({ accountId, data: place }), row);
    fits(await platform.accountUsers.list({ accountId }), [row]);

    const own = client(user.access_token);
    fits(await own.inboxes.list({ accountId }), { payload: [] });
    fits(await own.agents.list({ accountId }), [having({ id: user.id, name: "Uli", role: "administrator" })]);
    fits(await platform.accountUsers.delete({ accountId, data: { user_id: user.id } }), "");
    fits(await platform.accountUsers.list({ accountId }), []);
    await refused(own.inboxes.list({ accountId }), 401, {
        error: "You are not authorized to access this account",
    });
});

for (const [name, bots] of [
    ["platform", platform.agentBots],
    ["the shorter name", client(process.env.QUARTET_PLATFORM_TOKEN).agentBots],
]) {
    test(`bots of accounts, by ${name}`, async () => {
        const { id: account_id } = await platform.accounts.create({ data: { name: unique("Tenant") } });
        const data = {
            name: unique("Robo"),
            description: "Answers",
            outgoing_url: "https://robo.example.org/hook",
            account_id,
        };
        const made = await bots.create({ data });
        fits(made, having({ id, ...data }));
        fits(await bots.get({ id: made.id }), having({ id: made.id, ...data }));
        fits(await bots.list(), including(having({ id: made.id, name: data.name })));
        const changed = await bots.update({ id: made.id, data: { description: "Asks" } });
        fits(changed, having({ id: made.id, description: "Asks" }));
        fits(await bots.delete({ id: made.id }), "");
        fits(await bots.list(), without(having({ id: made.id })));
    });
}

test("an account's token is nothing to the platform", async () => {
    await refused(admin.platform.accounts.create({ data: { name: "No" } }), 401);
});
