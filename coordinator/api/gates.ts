import { status } from '@grpc/grpc-js';

import type { Logger } from '../../shared/ports/logger.ts';
import type { Authenticator } from '../gateway/authenticate.ts';
import { LOCAL_ADMIN } from '../gateway/authenticate.ts';
import { ApiError } from './api-error.ts';
import type { AuditLog } from './audit.ts';
import type { Gate } from './unary.ts';

/** For the network: an operator's certificate. */
export function certificateGate(authenticator: Authenticator, audit: AuditLog, logger: Logger): Gate {
  return {
    ...auditing(audit, logger),
    identify: async (call) => {
      const answer = await authenticator.operator(call);
      // A certificate that is not taken is one thing, a role that does not suffice another: the remedies differ.
      if (!answer.ok) throw new ApiError(status.UNAUTHENTICATED, answer.message);
      return { name: answer.name, role: answer.role };
    },
  };
}

/** For the Unix socket: its file modes have decided already. */
export function localGate(audit: AuditLog, logger: Logger): Gate {
  return { ...auditing(audit, logger), identify: async () => LOCAL_ADMIN };
}

function auditing(audit: AuditLog, logger: Logger): Pick<Gate, 'audit' | 'logger'> {
  return {
    logger,
    audit: async ({ who, ...entry }) => {
      await audit.append({ ...entry, who: who.name, role: who.role });
    },
  };
}
