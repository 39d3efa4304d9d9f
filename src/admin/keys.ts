import { z } from "zod";
import { fromStorage } from "../answers/storage-call.ts";
import { environmentKeyName } from "../auth/environment-keys.ts";
import { parseExpiry } from "../auth/expiry.ts";
import { keyState } from "../auth/keys.ts";
import { isKeyName, MAX_KEY_NAME, newKey } from "../auth/new-key.ts";
import { GatewayError } from "../exchange/errors.ts";
import { KEY_SCOPES, type StoredKey } from "../storage/key-store.ts";
import { jsonRoute } from "./route.ts";
import { iso, isoOrNull, named, time } from "./shape-parts.ts";

const keyShape = named(
  "Key",
  z
    .object({
      id: z.string(),
      name: z.string(),
      source: z.enum(["environment", "storage"]).describe("Keys of the environment are changed there only."),
      prefix: z.string().nullable().describe("The key's first characters."),
      scopes: z.array(z.enum(KEY_SCOPES)),
      state: z.enum(["active", "expired", "revoked"]),
      created_at: time.nullable(),
      expires_at: time.nullable(),
      revoked_at: time.nullable(),
    })
    .describe("A gateway key; never the key itself."),
);
const listShape = named("KeyList", z.object({ keys: z.array(keyShape) }));
const newShape = named(
  "NewKey",
  z.object({
    key: keyShape,
    secret: z.string().describe("The key itself. It is told this once and kept nowhere."),
  }),
);
const wishShape = named(
  "KeyWish",
  z.strictObject({
    name: z
      .string()
      .refine(isKeyName, `expected 1 to ${MAX_KEY_NAME} printable characters without spaces around them`)
      .default("unnamed")
      .describe("What the key is for, to recognise it by."),
    expires: z
      .string()
      .max(40)
      .optional()
      .describe(
        "30d, 12h, 45m or 2w from now, a day (to its end, UTC), or a moment such as 2026-12-31T18:00:00Z.",
      ),
    scopes: z
      .array(z.enum(KEY_SCOPES, { error: `expected ${KEY_SCOPES.map((scope) => `"${scope}"`).join(", ")}` }))
      .max(KEY_SCOPES.length)
      .default([])
      .describe("What it may do beside calling models: `admin` is the management API."),
  }),
);

const ID = z.strictObject({ id: z.string().min(1).max(200).describe("The key's id.") });

export const listKeys = jsonRoute({
  method: "GET",
  path: "/admin/keys",
  id: "listKeys",
  summary: "The gateway keys, of the environment and stored ones; never the keys themselves.",
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: null,
  answer: listShape,
  async handle(_, { storage, environmentKeys }) {
    const stored = await fromStorage(storage.keys.list());
    return {
      keys: [...environmentKeys.map(environmentJson), ...stored.map((key) => keyJson(key, Date.now()))],
    };
  },
});

export const createKey = jsonRoute({
  method: "POST",
  path: "/admin/keys",
  id: "createKey",
  summary: "Makes a gateway key. The answer is the only time that it can be read.",
  params: z.strictObject({}),
  query: z.strictObject({}),
  body: wishShape,
  status: 201,
  answer: newShape,
  async handle({ body }, context) {
    const now = Date.now();
    const expiresAt = body.expires === undefined ? null : parseExpiry(body.expires, now);
    if (body.expires !== undefined && expiresAt === null) {
      throw new GatewayError(
        "invalid_request",
        "`body.expires`: expected a time to come, such as 30d or 2027-12-31.",
        {
          param: "body.expires",
        },
      );
    }
    const { key, stored } = newKey({ name: body.name, expiresAt, scopes: [...new Set(body.scopes)] }, now);
    await fromStorage(context.storage.keys.create(stored));
    await context.follow();
    context.logger.info("A gateway key was made", { id: stored.id, by: context.caller.id });
    return { key: keyJson(stored, now), secret: key };
  },
});

export const revokeKey = jsonRoute({
  method: "DELETE",
  path: "/admin/keys/{id}",
  id: "revokeKey",
  summary: "Revokes a gateway key. It is still listed, as revoked; doing it again changes nothing.",
  params: ID,
  query: z.strictObject({}),
  body: null,
  answer: keyShape,
  async handle({ params }, context) {
    const variable = environmentKeyName(params.id);
    if (variable !== null) {
      throw new GatewayError(
        "invalid_request",
        `${variable} is set in the environment. Remove it there and restart.`,
      );
    }
    const { keys } = context.storage;
    if (await fromStorage(keys.revoke(params.id, Date.now())))
      context.logger.info("A gateway key was revoked", { id: params.id, by: context.caller.id });
    await context.follow();
    const key = (await fromStorage(keys.list())).find(({ id }) => id === params.id);
    if (key === undefined) throw new GatewayError("not_found", "There is no key of this id.");
    return keyJson(key, Date.now());
  },
});

function environmentJson({
  id,
  name,
}: {
  readonly id: string;
  readonly name: string;
}): z.output<typeof keyShape> {
  const unknown = { prefix: null, created_at: null, expires_at: null, revoked_at: null };
  return { id, name, source: "environment", scopes: [...KEY_SCOPES], state: "active", ...unknown };
}

function keyJson(key: StoredKey, nowMs: number): z.output<typeof keyShape> {
  return {
    id: key.id,
    name: key.name,
    source: "storage",
    prefix: key.prefix,
    scopes: [...key.scopes],
    state: keyState(key, nowMs),
    created_at: iso(key.createdAt),
    expires_at: isoOrNull(key.expiresAt),
    revoked_at: isoOrNull(key.revokedAt),
  };
}
