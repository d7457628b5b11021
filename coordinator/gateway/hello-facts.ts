import type { Clock } from '../../shared/ports/clock.ts';
import type { Hello__Output } from '../../shared/wire/messages.ts';
import type { HelloFacts } from '../core/world.ts';

/** What an agent says of its host. Labels, cluster and zone never come from here. */
export function helloFacts(hello: Hello__Output, clock: Clock): HelloFacts {
  const { agentVersion, bootId, machineId, journalId, journalSequence, highestGeneration, highestEpoch, osRelease, architecture, stepKinds } = hello;
  return {
    ...{ agentVersion, bootId, machineId, journalId, journalSequence, highestGeneration, highestEpoch, osRelease, architecture, stepKinds },
    clockOffsetMs: hello.wallUnixMs - clock.wallUnixMs(),
  };
}
