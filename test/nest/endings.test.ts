// Every ending of a request, on NestJS. `npm test` leaves its Fastify platform to `npm run test:proof`.
import '../support/proof-only.js';
import { matrixOf } from '../web/endings/matrix.js';
import { nestDrivers } from '../web/endings/nest.js';

for (const driver of nestDrivers) matrixOf(driver);
