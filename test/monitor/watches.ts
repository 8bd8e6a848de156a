// Watched wallets that end with the test.
import { afterEach } from '@jest/globals';
import { type Watch, watch as watchOnly } from './support.js';

const open: Watch[] = [];

export function watch(...args: Parameters<typeof watchOnly>): Watch {
  const made = watchOnly(...args);
  open.push(made);
  return made;
}

afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
