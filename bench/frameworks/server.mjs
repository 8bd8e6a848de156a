// The server of one framework, in a process of its own: `node server.mjs fastify`.
import { warmGuard } from '../http-guard.mjs';

const { serve } = await import(`./${process.argv[2]}.mjs`);
const url = await serve(await warmGuard());
process.send({ url });
process.once('disconnect', () => process.exit());
