import { describe, expect, test } from "bun:test";
import { dataUrl, parseDataUrl } from "./data-url.ts";

describe("data URLs", () => {
  test("what is written is read", () => {
    expect(parseDataUrl(dataUrl("image/png", "QUJD"))).toEqual({ mimeType: "image/png", data: "QUJD" });
  });

  test("parameters are passed over, and types are lower case", () => {
    expect(parseDataUrl("DATA:Text/Plain;charset=utf-8;BASE64,QQ==")).toEqual({
      mimeType: "text/plain",
      data: "QQ==",
    });
    expect(parseDataUrl("data:;base64,QQ==")).toEqual({ mimeType: "", data: "QQ==" });
  });

  test("other URLs, and data that is not base64, are none", () => {
    for (const url of [
      "https://example.com/data:",
      "data:text/plain,abc",
      "data:image/png;base64",
      "dat",
      "",
    ])
      expect(parseDataUrl(url)).toBeNull();
  });
});
