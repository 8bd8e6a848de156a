// The sessions of the simulated service. It exchanges keys before each call to Phoenix, and may so end the session of a
// call that is still under way.
import * as z from 'zod';
import { delaySchema, type Filled, type Shape } from '../simulator/check-options.js';
import type { Answer } from '../simulator/faults.js';
import type { Route } from '../simulator/server.js';
import type { TaskTimer } from '../simulator/task-timer.js';

/** The sessions of the service in front of Phoenix. */
export interface InterswitchSessionOptions {
  /**
   * True if the session of a call ends the one of a call under way, which is answered with 90063 then.
   * @defaultValue 'keep'
   */
  readonly sessions?: 'replace' | 'keep' | undefined;
  /**
   * Duration of a call to Phoenix after its key exchange, in milliseconds.
   * @defaultValue 0
   */
  readonly callMs?: number | undefined;
}

/** Puts a key exchange and a call to Phoenix in front of each route. */
export function inSessions(context: {
  readonly rules: Filled<InterswitchSessionOptions>;
  readonly timer: TaskTimer;
  readonly routes: Readonly<Record<string, Route>>;
  /** The answer to a call whose session is not valid any more. */
  readonly refusal: () => Answer;
}): Readonly<Record<string, Route>> {
  const { rules, timer, routes, refusal } = context;
  let exchanged = 0;
  const inSession =
    (route: Route): Route =>
    async (request) => {
      exchanged += 1;
      const session = exchanged;
      await timer.wait(rules.callMs);
      return rules.sessions === 'replace' && session !== exchanged ? refusal() : route(request);
    };
  return Object.fromEntries(Object.entries(routes).map(([key, route]) => [key, inSession(route)]));
}

export const interswitchSessionShape: Shape<InterswitchSessionOptions, Filled<InterswitchSessionOptions>> = {
  sessions: z.enum(['replace', 'keep']).default('keep'),
  callMs: delaySchema.default(0),
};
