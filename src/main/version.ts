/** The version of both programs, put in by the build from package.json. */
declare const __VERSION__: string;

export const version: string = __VERSION__;
