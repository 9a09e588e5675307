// Answers are compared whole: with values where they are known, with kinds of values where they are not.

import assert from "node:assert/strict";

import { ApiError } from "./client.mjs";

export const id = (value) => Number.isInteger(value) && value > 0;
export const count = (value) => Number.isInteger(value) && value >= 0;
export const number = (value) => typeof value === "number";
export const text = (value) => typeof value === "string" && value !== "";
export const uuid = (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
export const url = (value) => URL.canParse(value);
/** A moment of the last minute, in whole seconds. */
export const justNow = (value) => Number.isInteger(value) && Math.abs(Date.now() / 1000 - value) < 60;
/** Such a moment, with a fraction. */
export const justNowFloat = (value) => typeof value === "number" && Math.abs(Date.now() / 1000 - value) < 60;
/** Such a moment in words. */
export const justNowIso = (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value) && justNowFloat(Date.parse(value) / 1000);
/** Something that has at least these keys. */
export const having = (some) => (value) => {
    for (const key of Object.keys(some)) fits(value[key], some[key], key);
    return true;
};
/** A list in which something fits. */
export const including = (one) => (list) => Array.isArray(list) && list.some((value) => doesFit(value, one));
/** A list in which nothing fits. */
export const without = (one) => (list) => Array.isArray(list) && !list.some((value) => doesFit(value, one));

/** Whether an answer is exactly as expected: the same keys, the same values, or values of the kind. */
export function fits(actual, expected, place = "answer") {
    if (typeof expected === "function") {
        assert.ok(
            expected(actual),
            `${place} is ${JSON.stringify(actual)}, not ${expected.name || "as expected"}`,
        );
    } else if (Array.isArray(expected)) {
        assert.ok(Array.isArray(actual), `${place} is no list: ${JSON.stringify(actual)}`);
        assert.equal(actual.length, expected.length, `length of ${place}: ${JSON.stringify(actual)}`);
        expected.forEach((one, index) => fits(actual[index], one, `${place}[${index}]`));
    } else if (expected !== null && typeof expected === "object") {
        assert.ok(actual !== null && typeof actual === "object", `${place} is ${JSON.stringify(actual)}`);
        assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort(), `keys of ${place}`);
        for (const key of Object.keys(expected)) fits(actual[key], expected[key], `${place}.${key}`);
    } else {
        assert.equal(actual, expected, place);
    }
}

function doesFit(actual, expected) {
    try {
        fits(actual, expected);
        return true;
    } catch {
        return false;
    }
}

/** A call that the client reports as failed. */
export async function refused(call, status, body) {
    await assert.rejects(call, (error) => {
        assert.ok(error instanceof ApiError, String(error));
        assert.equal(error.status, status);
        if (body !== undefined) fits(error.body, body, "refusal");
        return true;
    });
}
