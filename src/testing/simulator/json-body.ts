// The JSON body of a request to a simulator, with numbers as they were written.
import { isLosslessNumber, parse } from 'lossless-json';
import * as z from 'zod';

/** Returns the body if it is JSON of the shape; undefined of any other. */
export function readBody<T>(schema: z.ZodType<T>, text: string): T | undefined {
  try {
    return schema.safeParse(parse(text)).data;
  } catch {
    // Not JSON: refused as any other body.
    return undefined;
  }
}

/** A JSON number, as its text. */
export const numberText: z.ZodType<string> = z
  .custom<{ value: string }>(isLosslessNumber)
  .transform(({ value }) => value);
