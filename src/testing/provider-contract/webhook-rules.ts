// Rules 16 and 17: the webhooks that an adapter believes.
import assert from 'node:assert/strict';
import type { Rule } from './probe.js';
import type { ProviderTarget } from './target.js';

type Webhook = NonNullable<ProviderTarget['webhook']>;

export function webhookRules(rule: Rule, { valid, invalid, signedBy }: Webhook): void {
  for (const { name, rawBody, headers, reference } of valid) {
    rule(`16. reads the webhook ${name}`, async ({ provider }) => {
      assert.deepEqual(await provider.webhook?.read(rawBody, headers), { reference });
    });

    rule(
      `17. refuses the webhook ${name} with another byte, other bytes of the same JSON, or no signature`,
      async ({ provider }) => {
        const read = (bytes: Uint8Array, others = headers) => provider.webhook?.read(bytes, others);
        for (let index = 0; index < rawBody.length; index += 1) {
          const bytes = Uint8Array.from(rawBody);
          bytes[index] = (bytes[index] ?? 0) ^ 1;
          assert.equal(await read(bytes), undefined, `byte ${index}`);
        }
        assert.equal(await read(new Uint8Array()), undefined);
        assert.equal(await read(Buffer.concat([rawBody, Buffer.from(' ')])), undefined);
        const rewritten = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(rawBody).toString('utf8'))));
        if (!rewritten.equals(rawBody)) assert.equal(await read(rewritten), undefined, 'the same JSON in other bytes');
        for (const header of signedBy) {
          for (const value of [undefined, '', 'x', [`${headers[header]}`, `${headers[header]}`]]) {
            assert.equal(await read(rawBody, { ...headers, [header]: value }), undefined, `${header}: ${value}`);
          }
        }
      },
    );
  }

  for (const { name, rawBody, headers } of invalid) {
    rule(`17. refuses the webhook ${name}`, async ({ provider }) => {
      assert.equal(await provider.webhook?.read(rawBody, headers), undefined);
    });
  }
}
