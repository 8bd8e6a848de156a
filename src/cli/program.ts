// Reads the arguments with commander, and runs the command that they name.
import { Command, CommanderError } from 'commander';
import type { Call } from './call.js';
import { type CommandEntry, catalog } from './catalog.js';
import { exitCodes } from './exit-codes.js';
import { loaders } from './loaders.js';
import { type CliContext, UsageError } from './usage.js';

/** Runs a command and returns its exit code. @throws `UsageError` for a wrong call; what the command throws. */
export async function runProgram(args: readonly string[], context: CliContext): Promise<number> {
  let code: number = exitCodes.done;
  const program = new Command('payout-guard')
    .description('Operates a payout guard from the command line. `docs/cli.md` has every command.')
    .exitOverride()
    .configureOutput({ writeOut: (text) => context.print(text.trimEnd()), writeErr: () => {} })
    .helpCommand(false);
  for (const entry of catalog) {
    addCommand(program, entry).action(async (...given: unknown[]) => {
      const command = await loaders[entry.name]?.();
      if (command) code = await command(callOf(entry, given, context));
    });
  }
  program
    .command('phoenix')
    .description('`phoenix register` registers a terminal at Interswitch Uganda, once; --help lists its options')
    .action(() => {
      throw new UsageError('there is no such command', usageOf(program));
    })
    .allowExcessArguments();
  if (args.length === 0) {
    context.print(program.helpInformation().trimEnd());
    return exitCodes.done;
  }
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return exitCodes.done;
    throw new UsageError(problemOf(error), usageOf(program.commands.find((one) => one.name() === args[0]) ?? program));
  }
  return code;
}

function addCommand(program: Command, { name, args, summary, options }: CommandEntry): Command {
  const command = program.command(args === undefined ? name : `${name} ${args}`).description(summary);
  for (const [flags, description] of options) command.option(flags, description);
  return command;
}

/** Commander passes the arguments, the options and the command itself. */
function callOf({ args = '' }: CommandEntry, given: readonly unknown[], context: CliContext): Call {
  const count = args === '' ? 0 : args.split(' ').length;
  const options = given[count] as Call['options'];
  if (options.json && options.csv) throw new UsageError('--json and --csv are two forms of one output: give one');
  return { args: given.slice(0, count) as Call['args'], options, context };
}

const problems: Readonly<Record<string, string>> = {
  'commander.unknownCommand': 'there is no such command',
  'commander.unknownOption': 'unknown option',
  'commander.excessArguments': 'too many arguments',
};

/** Commander repeats what was typed, which may be a secret in the wrong place. Names of the catalog are none. */
function problemOf({ code, message }: CommanderError): string {
  const [, suggestion] = /\(Did you mean (?:one of )?([\w, -]+)\?\)/.exec(message) ?? [];
  const hint = suggestion === undefined ? '' : `; did you mean ${suggestion}?`;
  const known = problems[code];
  if (known !== undefined) return known + hint;
  if (code === 'commander.missingArgument' || code === 'commander.optionMissingArgument') {
    return message.replace(/^error: /, '');
  }
  return 'the arguments cannot be read';
}

function usageOf(command: Command): string {
  return command.helpInformation().trimEnd();
}
