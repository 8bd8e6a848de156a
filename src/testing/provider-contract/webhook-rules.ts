// Rules 16 and 17: the webhooks that an adapter believes.
import assert from 'node:assert/strict';
import type { BalanceProvider } from '../../core/provider.js';
import type { Rule } from './probe.js';
import type { ProviderTarget } from './target.js';

type Webhook = NonNullable<ProviderTarget['webhook']>;

export function webhookRules(rule: Rule, { valid, invalid, signedBy }: Webhook): void {
  for (const { name, rawBody, headers, reference, ...differences } of valid) {
    const { signedBy: needed = signedBy, isBodySigned = true } = differences;
    const read = ({ webhook }: BalanceProvider, bytes: Uint8Array, others = headers) => webhook?.read(bytes, others);

    rule(`16. reads the webhook ${name}`, async ({ provider }) => {
      assert.deepEqual(await read(provider, rawBody), { reference });
    });

    rule(`17. refuses the webhook ${name} without a signature, or with a wrong one`, async ({ provider }) => {
      for (const header of needed) {
        for (const value of [undefined, '', 'x', [`${headers[header]}`, `${headers[header]}`]]) {
          assert.equal(
            await read(provider, rawBody, { ...headers, [header]: value }),
            undefined,
            `${header}: ${value}`,
          );
        }
      }
    });

    if (!isBodySigned) continue;
    rule(`17. refuses the webhook ${name} with another byte, or other bytes of the same JSON`, async ({ provider }) => {
      for (let index = 0; index < rawBody.length; index += 1) {
        const bytes = Uint8Array.from(rawBody);
        bytes[index] = (bytes[index] ?? 0) ^ 1;
        assert.equal(await read(provider, bytes), undefined, `byte ${index}`);
      }
      assert.equal(await read(provider, new Uint8Array()), undefined);
      assert.equal(await read(provider, Buffer.concat([rawBody, Buffer.from(' ')])), undefined);
      const rewritten = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(rawBody).toString('utf8'))));
      if (!rewritten.equals(rawBody)) {
        assert.equal(await read(provider, rewritten), undefined, 'the same JSON in other bytes');
      }
    });
  }

  for (const { name, rawBody, headers } of invalid) {
    rule(`17. refuses the webhook ${name}`, async ({ provider }) => {
      assert.equal(await provider.webhook?.read(rawBody, headers), undefined);
    });
  }
}
