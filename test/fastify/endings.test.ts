// Every ending of a request, on fastify.
import '../support/proof-only.js';
import { fastifyDriver } from '../web/endings/fastify.js';
import { matrixOf } from '../web/endings/matrix.js';

matrixOf(fastifyDriver);
