import { decodeEnvelope } from '../../shared/wire/envelope-codec.ts';
import type { CoordinatorMessage } from '../../shared/wire/messages.ts';
import type { ToAgent } from '../ports/agent-sessions.ts';

export function toWire(message: ToAgent): CoordinatorMessage {
  switch (message.kind) {
    case 'assignment':
      return { assignment: decodeEnvelope(message.envelope) };
    case 'permit':
      return { permit: decodeEnvelope(message.envelope) };
    case 'permit-offer':
      return { permitOffer: { rollout: message.rollout, generation: message.generation } };
    case 'recall':
      return { recall: { rollout: message.rollout, generation: message.generation, reason: message.reason } };
    case 'snapshot':
      return { snapshot: decodeEnvelope(message.envelope) };
  }
}
