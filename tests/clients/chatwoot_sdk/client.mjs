// The client, unmodified, with whom it speaks for, and a note of everything that was asked of it.

import sdk from "@figuro/chatwoot-sdk";

const { default: ChatwootClient, ApiError } = sdk;

export { ApiError };

const basePath = variable("QUARTET_URL");

/** The account that everything happens in. */
export const accountId = Number(variable("QUARTET_ACCOUNT"));

/** `service.method` of everything that was called. */
export const called = new Set();

/** As an administrator of the account. */
export const admin = client(variable("QUARTET_ADMIN_TOKEN"));

/** As a program of the operator, who makes accounts. */
export const platform = client(variable("QUARTET_PLATFORM_TOKEN")).platform;

/** As a visitor's program, which has no token. */
export const visitor = client(undefined).client;

/** `service.method` of everything that the client has. */
export function surface() {
    const names = [];
    const walk = (value, path) => {
        for (const [name, service] of Object.entries(value)) {
            if (name === "chatwootAPI") continue;
            const methods = Object.getOwnPropertyNames(Object.getPrototypeOf(service));
            if (methods.includes("hasOwnProperty")) walk(service, `${path}${name}.`);
            else
                for (const method of methods)
                    if (method !== "constructor") names.push(`${path}${name}.${method}`);
        }
    };
    walk(new ChatwootClient({ config: { basePath } }), "");
    return names;
}

/** A client with this token, whose calls are noted. It asks as it always does: only what it is asked is seen here. */
export function client(token) {
    return noted(
        new ChatwootClient({ config: { basePath, with_credentials: false, credentials: "omit", token } }),
        "",
    );
}

function noted(target, path) {
    return new Proxy(target, {
        get(object, name) {
            const value = object[name];
            if (typeof value === "function") {
                return (...args) => {
                    called.add(`${path}${name}`);
                    return value.apply(object, args);
                };
            }
            return typeof value === "object" && name !== "chatwootAPI"
                ? noted(value, `${path}${name}.`)
                : value;
        },
    });
}

function variable(name) {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: start this with scripts/clients`);
    return value;
}
