declare const FARRIER_VERSION: string | undefined;

/** Written in when a program is built, as shared/ports/mutation.ts is. */
export const VERSION = typeof FARRIER_VERSION === 'undefined' ? 'development' : FARRIER_VERSION;
