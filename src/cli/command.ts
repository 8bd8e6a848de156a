// The commands of the package, without a process around them.
import { isPayoutGuardError } from '../core/errors.js';
import { phoenixRegister, phoenixRegisterHelp } from './phoenix-register.js';
import { type CliContext, CommandFailure, UsageError } from './usage.js';

const help = `payout-guard <command>

  phoenix register    registers a terminal at Interswitch Uganda, once; --help lists its options`;

/**
 * Runs a command and returns its exit code: 0 done, 1 failed, 2 called wrongly. Never rejects, and repeats no value.
 */
export async function runCommand(args: readonly string[], context: CliContext): Promise<number> {
  const { print, printError } = context;
  try {
    if (args[0] === 'phoenix' && args[1] === 'register') return await phoenixRegister(args.slice(2), context);
    if (args.length === 0 || args[0] === '--help') {
      print(help);
      return 0;
    }
    throw new UsageError('there is no such command', help);
  } catch (error) {
    if (error instanceof UsageError) {
      printError(`payout-guard: ${error.message}\n\n${error.help ?? phoenixRegisterHelp}`);
      return 2;
    }
    printError(`payout-guard: ${describe(error)}`);
    return 1;
  }
}

// Only our own errors are known to carry no secret.
function describe(error: unknown): string {
  if (error instanceof CommandFailure || isPayoutGuardError(error)) return error.message;
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  return `it failed with ${String(code ?? name)}`;
}
