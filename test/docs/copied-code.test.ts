// Code that users copy is safe: the code of every document, and every example.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { unsafeIn } from '../support/copied-code.js';
import { codeOf, documents } from '../support/documents.js';

const examples = readdirSync('examples', { recursive: true })
  .map((file) => `examples/${file}`)
  .filter((file) => file.endsWith('.ts'));
const sources = [
  ...(await documents()).flatMap(codeOf),
  ...examples.map((file) => ({ at: file, text: readFileSync(file, 'utf8') })),
];

it('the code of documents and examples holds, sends the reference, listens for errors, and stops in order', () => {
  expect(sources.length).toBeGreaterThan(50);
  expect(sources.flatMap(({ at, text }) => unsafeIn(text).map((problem) => `${at}: ${problem}`))).toEqual([]);
});

describe('the check', () => {
  it.each([
    ['new Redis(url);', 'error listener'],
    ['const client = createClient({ url });', 'error listener'],
    ["const pool = new pg.Pool({}); other.on('error', report);", 'error listener'],
    ["await guard.withHold({ amount: '1', reference: 'p1' }, () => send());", 'sends the reference'],
    ['await pay(async () => send(req.body));', 'sends the reference'],
    ["reference: (req) => req.get('Idempotency-Key'),", 'carries the tenant'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code of a user.
    ["const key = req.get('Idempotency-Key') ?? ''; return `${req.tenant.id}:${key}`;", 'carries the tenant'],
    ['wallet: (req) => req.body.wallet,', 'a wallet never'],
    ["wallet: (req) => req.get('X-Wallet') ?? 'main',", 'a wallet never'],
    ["await guard.assertSufficientFunds('1');", 'marked as advice'],
    ["requireSufficientFunds(guard, { amount, mode: 'check' })", 'marked as advice'],
    ['app.get("/funds", async (req, res) => res.json(await guard.funds()));', 'passes its rejections on'],
    ['await guard.close(); server.close();', 'stops in order'],
    ['await redis.quit(); await guard.close();', 'stops in order'],
  ])('finds %s', (code, rule) => {
    expect(unsafeIn(code)).toEqual([expect.stringContaining(rule)]);
  });

  it('accepts code that is safe', () => {
    const code = [
      "const redis = new Redis(url);\nredis.on('error', report);",
      'await guard.withHold(payout, (hold) => send({ reference: hold.reference }));',
      'const payments = await pay(({ reference }) => send({ reference }));',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: code of a user.
      "const key = req.get('Idempotency-Key');\nreturn key && `${req.tenant.id}:${key}`;",
      'wallet: (req) => req.tenant.wallet,',
      "// Advice only.\nawait guard.checkFunds('1');",
      'payoutRoute(guard, options, async (req, res, pay) => {})',
      'server.close();\nawait guard.close({ waitMs });\nawait store.close();\nawait redis.quit();',
    ];
    expect(code.flatMap(unsafeIn)).toEqual([]);
  });
});
