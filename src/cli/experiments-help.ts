export const EXPERIMENTS_HELP = `Compare versions of a prompt on real traffic.

Usage:
  amsterdam experiments list [--json]
  amsterdam experiments show <id> [--json]
  amsterdam experiments create --template <name> --variant <name>=<version> … --metric <name> [options]
  amsterdam experiments create --file <experiment.yaml> [options]
  amsterdam experiments start | pause | resume | end <id>
  amsterdam experiments switch-off <id> <variant> [--reason <text>]
  amsterdam experiments switch-on <id> <variant>
  amsterdam experiments promote <id> [--variant <name>]
  amsterdam experiments revert <id>
  amsterdam experiments evaluate <id> [--weights a=0.7,b=0.3 | --variant <name> |
      --new-version <version>] [--metric <name>] [--since <when>] [--json]

Options of create:
  --template <name>         The prompt whose versions are compared
  --variant <name>=<version>[@<model>]    One for each alternative, 2 to 20
  --metric <name>[:<kind>]  Feedback such as helpful, rating:1..5 or seconds:number; or cost,
                            latency, first_token, output_tokens, failure, refusal or
                            finish:<reason>, which records have
  --maximize | --minimize   By default feedback is to be high, the others are to be low
  --unit <unit>             run (default), thread, agent, request or variable:<name>: what
                            keeps its variant, and counts once
  --allocation <kind>       thompson (default: more for what does better) or fixed
  --weights a=2,b=1         A fixed allocation with these weights
  --minimum-share <share>   The least that Thompson sampling gives each. Default: 0.1
  --outside <share>         Units that take no part. Default: 0
  --guardrail <limit>       Such as "failure<=0.05", "cost<=0.02" or "helpful>=0.4": a
                            variant that is surely beyond is switched off. May be repeated
  --agent, --key, --tag, --model <name>   Only requests of these; each may be repeated
  --error-rate <rate>       Of ever declaring a wrong winner. Default: 0.05
  --tolerance <difference>  A difference that matters to nobody. Default: 0
  --when-decided <what>     propose (default) or promote, which moves the label by itself
  --label <label>           That a winner's version gets. Default: production
  --id, --description <text>
  --start                   Run it at once instead of keeping a draft
  --file <file>             YAML or JSON with the members of POST /admin/experiments;
                            options go before it

A file looks like this:
  template: greeting
  variants: [{name: plain, version: "1"}, {name: warm, version: "2"}]
  metric: {name: helpful}

promote moves the label to the winner's version, or to that of --variant, and ends the
experiment; revert moves it back. evaluate tells what another allocation would have earned
by the recorded probabilities, or why the log cannot tell. A running gateway follows
within a second. Nothing runs whose models or routes cannot be called with the keys of this
environment. --config <file> is the gateway's configuration, as for start.
`;
