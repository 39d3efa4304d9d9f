import { createHash } from "node:crypto";

/** developers.openai.com/api/reference: `safety_identifier`. */
const MAX_LENGTH = 64;

/**
 * An end user's name as OpenAI takes it. It tells users apart and means nothing beside that, so that a longer one, such as
 * Claude Code's, is hashed, as OpenAI advises.
 */
export function safetyIdentifier(userId: string): string {
  return userId.length <= MAX_LENGTH ? userId : createHash("sha256").update(userId).digest("hex");
}
