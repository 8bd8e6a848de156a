// The page of the console for tests from source: bundled once in each test process that opens it.
import { bundleConsole } from '../../scripts/console-assets.mjs';

const bundle = await bundleConsole();
export const script: string = bundle.script;
export const style: string = bundle.style;
