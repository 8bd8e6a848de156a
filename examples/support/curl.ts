// A payout as a line for the terminal.

/** Returns the curl line of a payout for the tenant of the demos. */
export function curlPayout(address: string, key: string, amount: string): string {
  return (
    `curl -i ${address} -H 'authorization: Bearer demo-token' -H 'content-type: application/json' ` +
    `-H 'idempotency-key: ${key}' -d '{"to":"+254712345678","amount":"${amount}"}'`
  );
}
