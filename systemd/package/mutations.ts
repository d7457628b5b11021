import type { Mutation } from '../../shared/ports/mutation.ts';

/** Every fault that can be built in. The type makes a forgotten one an error here. */
const ALL: Readonly<Record<Mutation, true>> = {
  'no-journal-fsync': true,
  'epoch-not-checked': true,
  'slot-returned-on-timeout': true,
  'agent-cannot-start': true,
  'agent-cannot-connect': true,
  'halt-at-record': true,
};

export const MUTATIONS = Object.keys(ALL);

export function isMutation(name: string): name is Mutation | '' {
  return name === '' || Object.hasOwn(ALL, name);
}
