export const ROUTES_HELP = `Look at routes, and make, change and delete those that are stored beside the configuration's.

Usage:
  amsterdam routes list
  amsterdam routes show <name>
  amsterdam routes set <name> --target <target> [--target <target> …] [<setting> …]
  amsterdam routes set <name> --file <file>
  amsterdam routes delete <name>
  amsterdam routes explain <name> ["<prompt>"] [<circumstance> …]
  amsterdam routes explain <name> --request <file.json> [--format <format>] [<circumstance> …]

A route is a name that clients give as a model; each request goes to one of its targets. A target is provider/model or
another route. A route that is set again is replaced as a whole. Routes of the configuration are changed there.

  set       --strategy <name>     first, weighted, latency, cost, sticky, quality or learn; first by default
            --weights <list>      Such as openai/gpt-5=2,demo/echo=1; 0 for a fallback only
            --strong-share <n>    For quality: the share of requests for the first target, such as 0.3
            --thresholds <list>   For quality instead: the least score of each target but the last, such as 0.7,0.4
            --fallback-on <list>  After what another target is tried: error, timeout, limit, unavailable,
                                  context_length, content_filter
            --deadline <seconds>  For all targets together
            --mirror <target>     Also gets the requests; its answers are recorded and not shown
            --mirror-share <n>    The share of them, such as 0.1
            --file <file>         The whole route in YAML or JSON, as in the configuration: also parameters,
                                  conditions and learn. Options go before what it says; - is standard input
  explain   Says where a request would go, and why; nothing is sent. Without a prompt it is read from standard input.
            --request <file>      A request as a client sends it, in any of the four formats
            --format <format>     openai-chat, openai-responses, anthropic-messages or gemini; by default told by
                                  the request's members
            --agent-id, --run-id, --thread-id, --tag (several), --key <text>
                                  What the request belongs to, and the gateway key that asks

What only a running gateway knows (how fast targets are, which of them have had enough, who served a conversation) counts
in POST /admin/routes/<name>/explain, and not here.

Options:
  --json             JSON instead of text
  --config <file>    The configuration, as for start

Running gateways follow within a second.
`;
