import { z } from "zod";

export const seconds = (max: number) => z.number().positive().max(max);
export const headerName = z
  .string()
  .regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, "a header name (letters, digits and hyphens)");
export const headerValue = z
  .string()
  .regex(/^[\t\x20-\x7e\x80-\xff]*$/, "a header value without line breaks or control characters");
export const httpUrl = z.url({ protocol: /^https?$/, hostname: /^.+$/, error: "an http or https URL" });

export const shortText = z.string().min(1).max(200);
