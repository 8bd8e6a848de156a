// Rules 5 to 9: outages, deadlines and secrets.
import assert from 'node:assert/strict';
import { assertAmount, assertNoSecret, type Rule, rejection } from './probe.js';
import type { ApiQuestion, ProviderTarget } from './target.js';

const patient = { circuitBreaker: { failures: 1_000 } };

export function networkRules(rule: Rule, { balance, secrets }: ProviderTarget): void {
  const sample = balance.readable?.[0] ?? '1200.50';

  rule('5. asks again after an outage, three times in all, and believes the first correct answer', async (probe) => {
    let outages = 2;
    probe.answer(() => (outages-- > 0 ? { status: 503, body: '' } : balance.answer(sample)));
    assertAmount((await probe.balance()).available, sample, 'available');
    assert.equal(probe.server.questions.length, 3);
  });

  for (const [status, reason, requests] of [
    [400, 'provider_error', 1],
    [403, 'forbidden', 1],
    [404, 'provider_error', 1],
    [429, 'rate_limited', 3],
    [500, 'provider_error', 3],
  ] as const) {
    rule(
      `6. reports a status of ${status} without the provider's words as ${reason}`,
      async (probe) => {
        const error = await rejection(probe.answer({ status, body: '' }).balance());
        assert.equal(error.reason, reason);
        assert.equal(probe.server.questions.length, requests);
      },
      patient,
    );
  }

  rule('6. reports a status of 401 as unauthorized', async (probe) => {
    const error = await rejection(probe.answer({ status: 401, body: '' }).balance());
    assert.equal(error.reason, 'unauthorized');
  });

  rule(
    '7. ends within its deadline when the provider does not answer',
    async (probe) => {
      const error = await rejection(probe.answer('hang').balance());
      assert.equal(error.reason, 'timeout');
    },
    { attemptTimeoutMs: 100, timeoutMs: 250 },
  );

  rule('7. ends when its signal aborts, with the reason of the signal', async (probe) => {
    const closing = new AbortController();
    const reason = new Error('the guard is closing');
    const received = probe.server.received();
    const asking = rejection(probe.answer('hang').balance(closing.signal));
    await received;
    closing.abort(reason);
    assert.equal(await asking, reason);
  });

  rule('8. shows no secret in its errors, whatever the answer repeats', async (probe) => {
    for (const status of [200, 400, 401, 403, 500]) {
      probe.answer((question) => ({ status, body: JSON.stringify(repeated(question)) }));
      assertNoSecret(await rejection(probe.balance()), secrets);
    }
  });

  rule('8. names no secret in its name, its account and its settings', async ({ provider }) => {
    assertNoSecret(provider, secrets);
    assert.match(provider.name, /^[\w-]{1,40}$/);
  });

  rule('9. sends its credentials to its own host only', async (probe) => {
    const elsewhere: ApiQuestion[] = [];
    probe.answer((question) => {
      elsewhere.push(question);
      return { status: 307, body: '', headers: { location: `${probe.server.url}/elsewhere` } };
    });
    await rejection(probe.balance());
    assert.ok(
      elsewhere.every(({ path }) => !path.endsWith('/elsewhere')),
      'it followed a redirect',
    );
  });
}

/** A request as a careless API repeats it in its error. */
function repeated({ method, path, headers, body }: ApiQuestion): Record<string, unknown> {
  return { message: `${method} ${path} failed: ${body}`, headers };
}
