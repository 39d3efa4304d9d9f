import { expect, test } from "bun:test";
import { threadMarkdown } from "./thread-markdown.ts";

test("a thread reads as who said what", () => {
  const messages = [
    { role: "user", content: [{ type: "text", text: "hi" }] },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm" },
        { type: "tool_use", name: "Bash", input: { cmd: "ls ```" } },
      ],
    },
    null,
    { role: "user", content: [{ type: "tool_result", run: "x".repeat(3000) }, 7] },
    { role: "assistant", content: "done" },
  ];
  const text = threadMarkdown({ id: "T-1", title: "A title", messages }, true);
  expect(text).toStartWith("# A title\n\nThread T-1\n\n## User\n\nhi\n\n## Assistant\n");
  expect(text).toContain('**Tool call: Bash**\n\n````json\n{\n  "cmd": "ls ```"\n}\n````\n');
  expect(text).not.toContain("hm");
  expect(text).toContain(`${"x".repeat(1999)}… (shortened)`);
  expect(text).toEndWith("## Assistant\n\ndone\n");
  expect(threadMarkdown({ id: "T-1", messages }, false)).toContain("x".repeat(3000));
  expect(threadMarkdown({ id: 7, messages: {} }, false)).toBe("# Untitled\n\nThread 7\n");
});
