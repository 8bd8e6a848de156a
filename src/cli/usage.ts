// Reads the arguments of a command. Secrets come from files or the environment, because arguments are visible to every
// user of the machine and stay in the history of the shell.
import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';

/** Everything that a command may use besides files and the network. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Writes a line of the result. */
  readonly print: (text: string) => void;
  /** Writes a line about a problem. */
  readonly printError: (text: string) => void;
  /** Asks the user of the terminal. */
  readonly ask: (question: string) => Promise<string>;
  /** The directory that paths start from. @defaultValue that of the process */
  readonly cwd?: string | undefined;
  /** The user of the operating system. */
  readonly userName?: string | undefined;
  /** True if a person reads the questions and can answer. @defaultValue false */
  readonly canAsk?: boolean | undefined;
  /** The terminal of the result; undefined for a file or a pipe. */
  readonly screen?: Screen | undefined;
  /** The terminal of problems and progress; undefined for a file or a pipe. */
  readonly progressScreen?: Screen | undefined;
  /** Aborts when the user interrupts the command. */
  readonly interrupted?: AbortSignal | undefined;
  /** Aborts when code throws an error that nothing catches. Its reason is a {@link CommandFailure}. */
  readonly broken?: AbortSignal | undefined;
  /** Calls a function for each process warning from now on. Returns a function that stops it. */
  readonly onWarning?: ((listener: (warning: ProcessWarning) => void) => () => void) | undefined;
}

/** A terminal. */
export interface Screen {
  readonly columns: number;
  /** Writes text as it is, control sequences included. */
  readonly write: (text: string) => void;
}

export interface ProcessWarning {
  readonly code: string;
  readonly message: string;
}

/** The command was called wrongly. Repeats the names of options, never their values. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

/** The command could not do what it was asked to. Its message holds no secret. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure';
}

/** The answer is no: the guard refused, or the user did not confirm. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

/** The user interrupted the command. Its message states what was done. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** The known options of a command; `string` options take a value. */
export type OptionTypes = Readonly<Record<string, 'string' | 'boolean'>>;

/** The options of a command; a flag that is set is `'true'`. @throws {@link UsageError} */
export function readArguments(args: readonly string[], types: OptionTypes): Readonly<Record<string, string>> {
  const options = Object.fromEntries(Object.entries(types).map(([name, type]) => [name, { type }]));
  // Not strict: the messages of parseArgs repeat what was typed, which may be a secret in the wrong place.
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const read: Record<string, string> = {};
  for (const token of tokens) {
    if (token.kind !== 'option') throw new UsageError('every value needs an option before it');
    const { name, value } = token;
    const type = Object.hasOwn(types, name) ? types[name] : undefined;
    if (type === undefined) throw new UsageError('unknown option');
    if (Object.hasOwn(read, name)) throw new UsageError(`--${name} is given twice`);
    if ((type === 'string') === (value === undefined)) {
      throw new UsageError(`--${name} ${type === 'string' ? 'needs a value' : 'takes no value'}`);
    }
    // A value that looks like an option is an option whose value was forgotten.
    if (value?.startsWith('-') && !token.inlineValue) throw new UsageError(`--${name} needs a value`);
    read[name] = value ?? 'true';
  }
  return read;
}

/** The text of a file without blanks around it. @throws {@link UsageError} naming the option, not the file. */
export async function readTextFile(option: string, path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new UsageError(`--${option}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  if (text === '') throw new UsageError(`--${option}: the file is empty`);
  return text;
}
