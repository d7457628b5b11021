/**
 * One verb of farrier-agent. @param name as it was typed: several verbs may share a room.
 * @returns the exit code: 0 ok, 1 failed or refused, 2 wrong usage.
 */
export type Verb = (name: string, args: readonly string[]) => Promise<number>;
