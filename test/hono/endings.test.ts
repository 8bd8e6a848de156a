// Every ending of a request, on Hono.
import { honoDriver } from '../web/endings/hono.js';
import { matrixOf } from '../web/endings/matrix.js';

matrixOf(honoDriver);
