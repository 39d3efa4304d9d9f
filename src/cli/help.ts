export const HELP = `Amsterdam: a self-hosted LLM gateway.

Usage:
  amsterdam [start] [--config <file>]   Run the gateway
  amsterdam check [file]                Say whether a configuration is valid
  amsterdam init [file]                 Write a commented configuration
  amsterdam keys create|list|revoke     Manage the keys that clients use
  amsterdam threads list|show|delete    Look at the threads that Amp clients keep
  amsterdam prompts list|new|label|…    Make, change, compare and label prompts
  amsterdam experiments list|create|…   Compare versions of prompts on real traffic
  amsterdam routes list|set|explain|…   Look at routes, make them, say where a request would go
  amsterdam requests [list|show]        Look at recorded requests
  amsterdam runs [list|show]            Look at runs, one as a tree with its critical path
  amsterdam feedback [list|stats]       Look at feedback, or count it by model, template, …
  amsterdam stats [--by model,…]        Count requests, failures, tokens, cost and times
  amsterdam export [--format csv]       Write recorded requests as lines or as a table
  amsterdam reprice [--since 30d]       Compute the cost of recorded requests anew
  amsterdam router train|evaluate|…     Teach, judge and calibrate the router that learns
  amsterdam demo [--port <port>]        Run the demo provider alone
  amsterdam health [--url <url>]        Ask a running gateway whether it takes requests
  amsterdam --version

Each command has --help.
`;
