import { environmentKeys } from "../auth/environment-keys.ts";
import { parseExpiry } from "../auth/expiry.ts";
import { hashKey } from "../auth/keys.ts";
import { isKeyName, MAX_KEY_NAME, newKey } from "../auth/new-key.ts";
import { shownDatabaseUrl } from "../lib/database-url.ts";
import type { StoredKey } from "../storage/key-store.ts";
import { createdAsJson, createdAsText, listKeys } from "./keys-output.ts";
import { CommandError, parseOptions, runStored, type StoredIo, usage, withStorage } from "./stored.ts";
import { renderDate } from "./table.ts";

const HELP = `Make, list and revoke the keys that clients use with this gateway.

Usage:
  amsterdam keys create [--name <name>] [--expires <when>] [--admin] [--json]
  amsterdam keys list [--json]
  amsterdam keys revoke <id | name | prefix>

Options:
  --name <name>      What the key is for, to recognise it by. Default: unnamed
  --expires <when>   30d, 12h, 45m or 2w from now, a day such as 2026-12-31 (to its end,
                     UTC), or a moment such as 2026-12-31T18:00:00Z. Default: never
  --admin            The key may use the management API (/admin/…) beside calling models
  --json             JSON instead of text
  --config <file>    The configuration that says where keys are stored, as for start

A running gateway follows within a second. Keys in AMP_API_KEY and ADDITIONAL_API_KEYS
are listed here but are changed in the environment only; they are admin keys, and so is
the key that a first start makes.
`;

interface Options {
  readonly name?: string;
  readonly expires?: string;
  readonly admin?: boolean;
  readonly json?: boolean;
  readonly help?: boolean;
}

/** `amsterdam keys …`; `argv` begins after `keys`. Returns the exit code: 0, 1 (failed) or 2 (wrong usage). */
export function runKeys(argv: readonly string[], io: StoredIo): Promise<number> {
  return runStored(io, async () => {
    const { options, positionals } = parseOptions("keys", argv, ["name", "expires"], ["admin"]);
    const [command, ...operands] = positionals;
    if (options.help) io.stdout.write(HELP);
    else if (command === "create") await create(operands, options, io);
    else if (command === "list") await list(operands, options, io);
    else if (command === "revoke") await revoke(operands, options, io);
    else
      throw wrong(
        command === undefined ? "Say what to do: create, list or revoke." : `Unknown: keys ${command}.`,
      );
  });
}

const wrong = (message: string) => usage("keys", message);

async function create(operands: string[], options: Options, io: StoredIo): Promise<void> {
  if (operands.length > 0) throw wrong(`Too much: ${operands.join(" ")}. A name is given with --name.`);
  const now = Date.now();
  const { key, stored } = newKey(
    {
      name: readName(options.name),
      expiresAt: readExpiry(options.expires, now),
      scopes: options.admin === true ? ["admin"] : [],
    },
    now,
  );
  await withStorage(io, "keys", (storage) => storage.keys.create(stored));
  io.stdout.write(options.json ? createdAsJson(key, stored) : createdAsText(key, stored));
}

function readName(name = "unnamed"): string {
  const trimmed = name.trim();
  if (isKeyName(trimmed)) return trimmed;
  throw wrong(`--name must be 1 to ${MAX_KEY_NAME} printable characters.`);
}

function readExpiry(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const expiresAt = parseExpiry(text, now);
  if (expiresAt === null)
    throw wrong(`--expires ${text}: expected a time to come, such as 30d, 12h or 2027-12-31.`);
  return expiresAt;
}

async function list(operands: string[], options: Options, io: StoredIo): Promise<void> {
  if (operands.length > 0 || hasCreateOptions(options)) {
    throw wrong("keys list takes --json only.");
  }
  const stored = await withStorage(io, "keys", (storage) => storage.keys.list());
  io.stdout.write(
    listKeys(stored, readEnvironment(io), {
      json: options.json === true,
      storageUrl: shownDatabaseUrl(io.storageUrl),
    }),
  );
}

async function revoke(operands: string[], options: Options, io: StoredIo): Promise<void> {
  const [wanted] = operands;
  if (wanted === undefined || operands.length > 1 || hasCreateOptions(options)) {
    throw wrong("keys revoke takes one id, name or prefix.");
  }
  const environment = readEnvironment(io);
  const ofEnvironment = environment.find(({ id, name }) => id === wanted || name === wanted);
  if (ofEnvironment) {
    throw new CommandError(
      1,
      `${ofEnvironment.name} is set in the environment. Remove it there and restart.`,
    );
  }
  await withStorage(io, "keys", async (storage) => {
    const key = findKey(await storage.keys.list(), wanted, shownDatabaseUrl(io.storageUrl));
    const done = key.revokedAt === null && (await storage.keys.revoke(key.id, Date.now()));
    io.stdout.write(`Key "${key.name}" (${key.id}) ${done ? "is revoked." : "was revoked before."}\n`);
    const still = environment.find((entry) => hashKey(entry.key) === key.hash);
    if (still)
      io.stderr.write(`The same key is in ${still.name} and stays valid until it is removed there.\n`);
  });
}

function hasCreateOptions({ name, expires, admin }: Options): boolean {
  return name !== undefined || expires !== undefined || admin !== undefined;
}

/** An id or the whole key decides; else the names and prefixes of unrevoked keys, then those of revoked ones. */
function findKey(keys: readonly StoredKey[], wanted: string, storageUrl: string): StoredKey {
  const hash = hashKey(wanted);
  const exact = keys.find((key) => key.id === wanted || key.hash === hash);
  if (exact) return exact;
  const named = keys.filter((key) => key.name === wanted || key.prefix === wanted);
  const usable = named.filter((key) => key.revokedAt === null);
  const candidates = usable.length > 0 ? usable : named.slice(-1);
  if (candidates.length === 1) return candidates[0]!;
  if (candidates.length === 0)
    throw new CommandError(1, `No key in ${storageUrl} has this id, name or prefix.`);
  const lines = candidates.map(
    (key) => `  ${key.id}  ${key.prefix}…  ${key.name}, made ${renderDate(key.createdAt)}`,
  );
  throw new CommandError(1, `Several keys match ${wanted}; name one by its id:\n${lines.join("\n")}`);
}

function readEnvironment(io: StoredIo) {
  try {
    return environmentKeys(io.env);
  } catch (error) {
    throw new CommandError(1, error instanceof Error ? error.message : String(error));
  }
}
