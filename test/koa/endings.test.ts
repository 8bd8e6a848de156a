// Every ending of a request, on koa.
import '../support/proof-only.js';
import { koaDriver } from '../web/endings/koa.js';
import { matrixOf } from '../web/endings/matrix.js';

matrixOf(koaDriver);
