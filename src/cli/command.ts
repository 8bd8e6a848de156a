// The commands of the package, without a process around them.
import { isPayoutGuardError } from '../core/errors.js';
import { phoenixRegister, phoenixRegisterHelp } from './phoenix-register.js';
import { CommandFailure, UsageError } from './usage.js';

/** What a command may touch besides files and the network. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of the result. */
  readonly say: (text: string) => void;
  /** Writes a line about a problem. */
  readonly complain: (text: string) => void;
  /** Asks whoever sits in front of it. */
  readonly ask: (question: string) => Promise<string>;
}

const help = `payout-guard <command>

  phoenix register    registers a terminal at Interswitch Uganda, once; --help tells how`;

/** Runs a command and returns its exit code: 0 done, 1 failed, 2 called wrongly. Never rejects, and repeats no value. */
export async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { say, complain } = surroundings;
  try {
    if (args[0] === 'phoenix' && args[1] === 'register') return await phoenixRegister(args.slice(2), surroundings);
    if (args.length === 0 || args[0] === '--help') {
      say(help);
      return 0;
    }
    throw new UsageError('there is no such command', help);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`payout-guard: ${error.message}\n\n${error.help ?? phoenixRegisterHelp}`);
      return 2;
    }
    complain(`payout-guard: ${describe(error)}`);
    return 1;
  }
}

// Only our own errors are known to carry no secret.
function describe(error: unknown): string {
  if (error instanceof CommandFailure || isPayoutGuardError(error)) return error.message;
  const { name, code } = Object(error) as { name?: unknown; code?: unknown };
  return `it failed with ${String(code ?? name)}`;
}
