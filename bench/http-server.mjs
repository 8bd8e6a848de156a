// The app of the HTTP bench.
import { rateLimit } from 'express-rate-limit';
import { serve } from './frameworks/express.mjs';
import { warmGuard } from './http-guard.mjs';

const url = await serve(await warmGuard(), (app, handler) => {
  app.post('/limited', rateLimit({ limit: 1_000_000_000, windowMs: 60_000 }), handler);
});
process.send({ url });
process.once('disconnect', () => process.exit());
