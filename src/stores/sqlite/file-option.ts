// The option `file` of what lives in a SQLite file: the path becomes absolute.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import * as z from 'zod';

export const sqliteFileSchema: z.ZodType<string> = z
  .string()
  .refine((file) => file !== '' && !file.includes('\0') && file !== ':memory:', 'must be the path of a file')
  .refine((file) => existsSync(dirname(resolve(file))), 'its directory does not exist')
  .transform((file) => resolve(file));
