// Every ending of a request, on NestJS. `npm test` leaves its Fastify platform to `npm run test:proof`.
import { byBudget } from '../support/budget.js';
import { matrixOf } from '../web/endings/matrix.js';
import { nestDrivers } from '../web/endings/nest.js';

for (const driver of nestDrivers.slice(0, byBudget({ small: 1, large: 2 }))) matrixOf(driver);
