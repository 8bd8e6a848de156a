// The commands of the package, without a process around them.
import { errorText, exitCodeOf, exitCodes } from './exit-codes.js';
import { escapedLines } from './output/escape.js';
import { type CliContext, UsageError } from './usage.js';

/** Runs a command and returns its exit code. Never rejects, and repeats nothing that may be a secret. */
export async function runCommand(args: readonly string[], given: CliContext): Promise<number> {
  const context: CliContext = {
    ...given,
    print: (text) => given.print(escapedLines(text)),
    printError: (text) => given.printError(escapedLines(text)),
  };
  const { broken } = context;
  const report = () => context.printError(`payout-guard: ${errorText(broken?.reason)}`);
  broken?.addEventListener('abort', report);
  try {
    const code = await runProgramOf(args, context);
    // The output of the command may lack the work of the broken code.
    return broken?.aborted && code === exitCodes.done ? exitCodes.failed : code;
  } catch (error) {
    if (broken?.aborted && error === broken.reason) return exitCodes.failed;
    const help = error instanceof UsageError && error.help !== undefined ? `\n\n${error.help}` : '';
    context.printError(`payout-guard: ${errorText(error)}${help}`);
    return exitCodeOf(error);
  } finally {
    broken?.removeEventListener('abort', report);
  }
}

async function runProgramOf(args: readonly string[], context: CliContext): Promise<number> {
  if (args[0] === 'phoenix' && args[1] === 'register') {
    const { runPhoenixRegister } = await import('./phoenix-register.js');
    return runPhoenixRegister(args.slice(2), context);
  }
  const { runProgram } = await import('./program.js');
  return runProgram(args, context);
}
