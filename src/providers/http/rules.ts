// The rules of a description.
import * as z from 'zod';
import { functionSchema } from '../../core/schemas.js';
import { canBeSent } from '../../http/client.js';
import { alwaysCheck, networkShape, urlRule } from '../../http/options.js';
import { urlProblem } from '../../http/safe-url.js';
import type { VerdictTable } from '../shared/verdict-table.js';
import type { HttpProviderOptions } from './description.js';
import { jsonRule, jsonText } from './json-text.js';

const aSchema = z.custom(
  (value) => typeof (value as { parse?: unknown } | null)?.parse === 'function',
  'must have a method parse, as a zod schema has',
);

const callShape = {
  url: z.union([z.string(), functionSchema()], { error: 'must be a URL or a function' }),
  method: z.enum(['GET', 'POST']).optional(),
  body: z
    .union([functionSchema(), z.custom((value) => jsonText(value) !== undefined)], {
      error: `must be a function, or ${jsonRule}`,
    })
    .optional(),
};

const word = z.string().min(1);
const words = z.array(word).readonly();

const eventShape = { schema: aSchema, referenceOf: functionSchema() };

const lookupSchema = z
  .strictObject({
    ...callShape,
    schema: aSchema,
    rows: functionSchema(),
    referenceOf: functionSchema(),
    statusOf: functionSchema(),
    statuses: z
      .strictObject({ completed: words, pending: words, failed: words })
      .refine(hasNoWordTwice, 'must have each word in one list'),
    hasMore: functionSchema().optional(),
    debitOf: functionSchema().optional(),
    notFound: aSchema.optional(),
  })
  .superRefine(bodyRule, alwaysCheck);

const secret = z.string().min(1);

const webhookSchema = z.strictObject({
  ...eventShape,
  secret: z.union([secret, z.array(secret).min(1).max(10).readonly()], { error: 'must be a text, or a list of texts' }),
  header: z.string().regex(/^[\w-]{1,100}$/, 'must be the name of a header'),
  algorithm: z.enum(['sha256', 'sha512']),
  encoding: z.enum(['hex', 'base64']).optional(),
  prefix: z.string().max(100).optional(),
});

export const optionsSchema: z.ZodType<unknown> = z
  .strictObject({
    ...callShape,
    name: z.string().regex(/^[\w-]{1,40}$/, 'must be 1 to 40 letters, digits, - or _'),
    headers: z
      .union([z.record(z.string(), z.string()).refine(canBeSent), functionSchema()], {
        error: 'must be a function, or an object of texts that HTTP can carry',
      })
      .optional(),
    schema: aSchema,
    select: functionSchema(),
    failureOf: functionSchema().optional(),
    lookup: lookupSchema.optional(),
    webhook: webhookSchema.optional(),
    callback: z.strictObject(eventShape).optional(),
    debitVisibleAt: z.enum(['acceptance', 'completion', 'unknown']).optional(),
    visibleAfterMs: z.int().min(0).max(600_000).optional(),
    accountId: z.string().min(1).max(1_000).optional(),
    maxReferenceLength: z.int().min(1).max(128).optional(),
    lookupConcurrency: z.int().min(1).max(100).optional(),
    ...networkShape,
  })
  .superRefine(urlRule('url'), alwaysCheck)
  .superRefine(bodyRule, alwaysCheck)
  .superRefine(partsRule, alwaysCheck);

function hasNoWordTwice(statuses: VerdictTable): boolean {
  const all = Object.values(statuses).flat();
  return new Set(all).size === all.length;
}

function bodyRule(call: unknown, context: z.RefinementCtx): void {
  const { method, body } = call as { method?: unknown; body?: unknown };
  if (body === undefined || method === 'POST') return;
  context.addIssue({ code: 'custom', path: ['body'], message: "needs method: 'POST'" });
}

function partsRule(options: unknown, context: z.RefinementCtx): void {
  const { lookup, webhook, callback, dangerouslyAllowHttp } = options as Partial<HttpProviderOptions<unknown>>;
  if (webhook && callback) {
    context.addIssue({
      code: 'custom',
      path: ['callback'],
      message: 'goes without webhook: events are signed, or not',
    });
  }
  if ((webhook || callback) && !lookup) {
    const path = [webhook ? 'webhook' : 'callback'];
    context.addIssue({ code: 'custom', path, message: 'needs lookup: an event proves nothing by itself' });
  }
  const { url } = lookup ?? {};
  const message = typeof url === 'string' && urlProblem(url, { dangerouslyAllowHttp: dangerouslyAllowHttp === true });
  if (message) context.addIssue({ code: 'custom', path: ['lookup', 'url'], message });
}
