import { describe, expect, test } from "bun:test";
import { Losses } from "../../exchange/losses.ts";
import type { MediaPart, MediaSource } from "../../exchange/parts.ts";
import { writeMedia, writeText } from "./write-blocks.ts";

const base64 = (data: string): MediaSource => ({ kind: "base64", data });
const image = (source: MediaSource, more: Partial<MediaPart> = {}): MediaPart => ({
  kind: "media",
  media: "image",
  source,
  ...more,
});
const document = (source: MediaSource, more: Partial<MediaPart> = {}): MediaPart => ({
  ...image(source, more),
  media: "document",
});
const written = (part: MediaPart) => writeMedia(part, "at", new Losses(true));
const refused = expect.objectContaining({ code: "conversion_refused" });

describe("images", () => {
  test.each([
    [
      image(base64("AAAA"), { mimeType: "image/webp" }),
      { type: "base64", media_type: "image/webp", data: "AAAA" },
    ],
    [
      image(base64("AAAA"), { mimeType: "image/jpg" }),
      { type: "base64", media_type: "image/jpeg", data: "AAAA" },
    ],
    [image(base64("/9j/4AA")), { type: "base64", media_type: "image/jpeg", data: "/9j/4AA" }],
    [
      image(base64("R0lGOD"), { mimeType: "image/*" }),
      { type: "base64", media_type: "image/gif", data: "R0lGOD" },
    ],
    [
      image({ kind: "url", url: "https://example.com/a.png" }),
      { type: "url", url: "https://example.com/a.png" },
    ],
    [
      image({ kind: "url", url: "data:image/png;base64,iVBOR" }),
      { type: "base64", media_type: "image/png", data: "iVBOR" },
    ],
    [image({ kind: "file", id: "file_1" }), { type: "file", file_id: "file_1" }],
    [
      document(base64("iVBOR"), { mimeType: "image/png" }),
      { type: "base64", media_type: "image/png", data: "iVBOR" },
    ],
  ])("%j", (part, source) => {
    expect(written(part)).toEqual({ type: "image", source });
  });

  test("are looked at as closely as the API pleases, which is named", () => {
    const losses = new Losses();
    writeMedia(image(base64("iVBOR"), { detail: "high" }), "messages[0].parts[0]", losses);
    expect(losses.items).toEqual(["messages[0].parts[0].detail"]);
    expect(written(image(base64("iVBOR"), { detail: "auto" }))).toMatchObject({ type: "image" });
  });
});

describe("documents", () => {
  const hello = Buffer.from("hello ü").toString("base64");

  test.each([
    [
      document(base64("AAAA"), { mimeType: "application/pdf" }),
      { type: "base64", media_type: "application/pdf", data: "AAAA" },
    ],
    [document(base64("JVBERi0x")), { type: "base64", media_type: "application/pdf", data: "JVBERi0x" }],
    [
      document(base64(hello), { mimeType: "text/markdown" }),
      { type: "text", media_type: "text/plain", data: "hello ü" },
    ],
    [
      document(base64(hello), { mimeType: "application/json; charset=utf-8" }),
      { type: "text", media_type: "text/plain", data: "hello ü" },
    ],
    [document({ kind: "text", text: "words" }), { type: "text", media_type: "text/plain", data: "words" }],
    [
      document({ kind: "url", url: "https://example.com/a.pdf" }),
      { type: "url", url: "https://example.com/a.pdf" },
    ],
    [document({ kind: "file", id: "file_1" }), { type: "file", file_id: "file_1" }],
  ])("%j", (part, source) => {
    expect(written(part)).toEqual({ type: "document", source });
  });

  test("keep name and cache mark", () => {
    expect(written(document(base64("AAAA"), { name: "a.pdf", cache: { ttl: "1h" } }))).toEqual({
      type: "document",
      source: { type: "base64", media_type: "application/pdf", data: "AAAA" },
      title: "a.pdf",
      cache_control: { type: "ephemeral", ttl: "1h" },
    });
  });
});

test.each([
  ["sound", { ...image(base64("AAAA")), media: "audio" as const }],
  ["films", { ...image(base64("AAAA")), media: "video" as const }],
  ["other documents", document(base64("UEsDB"), { mimeType: "application/zip" })],
  ["documents of unknown type", document(base64("UEsDB"))],
  ["another provider's files", document({ kind: "file", id: "file-abc" })],
  ["another provider's addresses of files", image({ kind: "file", id: "files/abc" })],
  ["images as text", image({ kind: "text", text: "a cat" })],
])("%s are refused", (_what, part) => {
  expect(() => written(part)).toThrow(refused);
});

test("citations that Anthropic did not make are left out and named", () => {
  const losses = new Losses();
  const text = { kind: "text", text: "a", citations: [{ url: "https://example.com" }] } as const;
  expect(writeText(text, "messages[1].parts[0]", losses)).toEqual({ type: "text", text: "a" });
  expect(losses.items).toEqual(["messages[1].parts[0].citations"]);
});
