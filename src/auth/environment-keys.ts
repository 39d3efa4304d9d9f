/** A gateway key given by AMP_API_KEY or ADDITIONAL_API_KEYS. */
export interface EnvironmentKey {
  /** `env_amp` or `env_additional_<position>`: made from the place, since anything made from the key would tell of it. */
  readonly id: string;
  /** The variable, with the position in a list. */
  readonly name: string;
  readonly key: string;
}

/** Longest key that is compared; a longer one is refused unread. */
export const MAX_KEY_LENGTH = 512;

/**
 * The keys of the environment; spaces around them, empty ones and repeated ones are left out. Throws when one could
 * never be presented, because a gateway that silently refuses its operator's key is hard to understand.
 */
export function environmentKeys(env: Readonly<Record<string, string | undefined>>): EnvironmentKey[] {
  const additional = (env.ADDITIONAL_API_KEYS ?? "").split(",");
  const all: EnvironmentKey[] = [
    { id: "env_amp", key: (env.AMP_API_KEY ?? "").trim() },
    ...additional.map((text, index) => ({ id: `env_additional_${index + 1}`, key: text.trim() })),
  ].map(({ id, key }) => ({ id, key, name: environmentKeyName(id) ?? id }));
  const seen = new Set<string>([""]);
  const keys = all.filter(({ key }) => !seen.has(key) && seen.add(key));
  for (const { name, key } of keys) {
    if (key.length > MAX_KEY_LENGTH || !/^[\x20-\x7e]+$/.test(key)) {
      throw new Error(`${name} must be at most ${MAX_KEY_LENGTH} printable ASCII characters.`);
    }
  }
  return keys;
}

/** The name of an environment's key by its id, also where the variable is not set; null for the id of any other key. */
export function environmentKeyName(id: string): string | null {
  if (id === "env_amp") return "AMP_API_KEY";
  const position = /^env_additional_(\d+)$/.exec(id)?.[1];
  return position === undefined ? null : `ADDITIONAL_API_KEYS #${position}`;
}
