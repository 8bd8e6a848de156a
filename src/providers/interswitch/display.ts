// Members of an Interswitch Uganda balance that are for display only. They are read apart from the balance itself, and
// none of them can change it or refuse it: one that is odd is left out.
import * as z from 'zod';
import { jsonNumber } from '../../http/json.js';

const shown = {
  ledgerBalance: z.union([z.string(), jsonNumber]).pipe(z.string().regex(/^-?\d{1,18}(\.\d{1,12})?$/)),
  // The name of the business: personal data. It goes to the caller of funds() and nowhere else.
  accountName: z.string().regex(/^[^\p{Cc}]{1,128}$/u),
} as const;

/** Ledger balance, name of the account and currency, as `funds().details` shows them. */
export function displayedDetails(members: unknown, currency: string): Readonly<Record<string, string>> {
  const found = Object.entries(shown).flatMap(([name, schema]) => {
    const { data } = schema.safeParse(Object.getOwnPropertyDescriptor(Object(members), name)?.value);
    return data === undefined ? [] : [[name, data]];
  });
  return { ...Object.fromEntries(found), currencyCode: currency };
}
