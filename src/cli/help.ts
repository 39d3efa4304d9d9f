export const HELP = `Amsterdam: a self-hosted LLM gateway.

Usage:
  amsterdam [start] [--config <file>]   Run the gateway
  amsterdam check [file]                Say whether a configuration is valid
  amsterdam init [file]                 Write a commented configuration
  amsterdam keys create|list|revoke     Manage the keys that clients use
  amsterdam threads list|show|delete    Look at the threads that Amp clients keep
  amsterdam demo [--port <port>]        Run the demo provider alone
  amsterdam health [--url <url>]        Ask a running gateway whether it takes requests
  amsterdam --version

Each command has --help.
`;
