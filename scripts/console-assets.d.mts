/** The script and the style of the page. */
export declare function bundleConsole(): Promise<{ readonly script: string; readonly style: string }>;
/** Writes them into `dist`, as the module that a console imports. */
export declare function writeConsoleAssets(): Promise<void>;
