/** Shorter ones are placeholders such as "x", which would be found in any text. */
const MIN_SECRET = 8;

export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets)
    if (secret.length >= MIN_SECRET) clean = clean.replaceAll(secret, "[redacted]");
  return clean;
}
