// Collects every problem of a set of options in one error. Values are never repeated: they may be secrets.
import type * as z from 'zod';
import { ConfigurationError, isPayoutGuardError } from './errors.js';

/** The options when the schema accepts them. @throws {@link ConfigurationError} naming every problem. */
export function readOptions<T>(schema: z.ZodType<T>, value: unknown): T {
  const problems = new Problems();
  const options = problems.read(schema, value);
  if (problems.any) throw problems.error();
  return options as T;
}

/** Collects problems, so that one error can name them all. */
export class Problems {
  readonly #found: string[] = [];

  get any(): boolean {
    return this.#found.length > 0;
  }

  add(problem: string): void {
    this.#found.push(problem);
  }

  /** Takes over problems that were found in a part. */
  addAll(part: string, other: Problems): void {
    for (const problem of other.#found) this.add(`${part}.${problem}`);
  }

  /** The value when the schema accepts it; otherwise undefined, and the problems are noted. */
  read<T>(schema: z.ZodType<T>, value: unknown): T | undefined {
    const result = schema.safeParse(value);
    if (result.success) return result.data;
    for (const issue of result.error.issues) {
      this.add(issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`);
    }
    return undefined;
  }

  /** Returns the result of `make`; undefined if it throws an error of this library, whose message is noted. */
  try<T>(name: string, make: () => T): T | undefined {
    try {
      return make();
    } catch (error) {
      if (!isPayoutGuardError(error)) throw error;
      if (error instanceof ConfigurationError) this.#found.push(...error.problems);
      else this.add(`${name}: ${error.message.replace(/\.$/, '')}`);
      return undefined;
    }
  }

  error(): ConfigurationError {
    return new ConfigurationError(this.#found);
  }
}
