export const HELP = `Make, change, compare and label prompts: templates with versions that never change.

Usage:
  amsterdam prompts list [--all]
  amsterdam prompts show <name> [<version>]
  amsterdam prompts new <name> [--version <version>] [--from <version>] [--model <model>]
                               [--text <text> | --file <file>]
  amsterdam prompts new --file <file>
  amsterdam prompts edit <name> [<version>] [--as <version>]
  amsterdam prompts diff <name> <version> [<version>]
  amsterdam prompts label <name> <label> <version>
  amsterdam prompts unlabel <name> <label>
  amsterdam prompts revert <name> <label>
  amsterdam prompts pin <name> <version>
  amsterdam prompts unpin <name>
  amsterdam prompts archive <name> [<version>]
  amsterdam prompts unarchive <name> [<version>]
  amsterdam prompts preview <name> [<version>] [<variable>=<value> …] [--variables <json>]
  amsterdam prompts export <folder> [<name> …] [--all]
  amsterdam prompts import <folder> [--dry-run]

A request that names a prompt is served the first that there is of: the pinned version, that of the
label which the request asks for (x-amsterdam-label), that of a running experiment, that of the
label production. Where there is none, its own text goes out.

<version> is a version such as 1.2, or a label that points to one. name-vVERSION, as in
greeting-v1.2, stands for both operands. Of several texts of one version (a conflict), 1.2@<revision>
is one. Where a version may be left out, it is the pinned one, that of production, or the newest.

  new       The text comes from --text, a file, another version, or standard input. What
            begins with a line of --- is read as a folder's file is, with its name and version.
            Without a version it gets the next whole number.
  edit      Opens $VISUAL or $EDITOR, and keeps what was written as a new version.
  revert    Points a label to the version where it pointed before.
  preview   Shows what a model would get.
  export    Writes a text file for each version. What is archived is left out without --all.
  import    Adds the versions of a folder's .liquid files. Nothing is changed when one is wrong.

Options:
  --json             JSON instead of text
  --config <file>    The configuration that says where prompts are stored, as for start

A running gateway follows within a second.
`;
