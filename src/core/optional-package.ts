// Loads packages that only some users install.
import { createRequire } from 'node:module';

/**
 * Loads a package; undefined when it is not installed. Its absence is reported when what needs it is created, so it is
 * imported neither statically nor by a promise. CommonJS has a `require`; an ES module makes one that resolves from
 * this file.
 *
 * @param required - Returns `require(name)`, literally and within a `try`: bundlers include the package because of the
 *   literal, and only warn of a missing one because of the `try`.
 */
export function loadPackage<T>(name: 'better-sqlite3' | 'croner', required: () => T | undefined): T | undefined {
  if (typeof require === 'function') {
    try {
      return required();
    } catch (error) {
      // The stand-in for `require` in an ES module of a bundler loads nothing, and throws an error without a code.
      if ((error as NodeJS.ErrnoException).code !== undefined) throw error;
    }
  }
  try {
    return createRequire(thisFile())(name);
  } catch (error) {
    return undefinedIfMissing(error);
  }
}

/** Returns undefined for the error of a package that is not installed. @throws any other error. */
export function undefinedIfMissing(error: unknown): undefined {
  if (!/^(ERR_)?MODULE_NOT_FOUND$/.test(String((error as NodeJS.ErrnoException).code))) throw error;
  return undefined;
}

/**
 * The path of this file, from the call site: the compiler accepts no `import.meta` in code that is also built as
 * CommonJS.
 */
function thisFile(): string {
  const { prepareStackTrace, stackTraceLimit } = Error;
  try {
    // An application may have turned stacks off.
    Error.stackTraceLimit = 1;
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName();
    return (new Error().stack as string | undefined) ?? `${process.cwd()}/`;
  } finally {
    Object.assign(Error, { prepareStackTrace, stackTraceLimit });
  }
}
