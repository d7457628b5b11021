import type { LoadedIdentity } from '../identity/load-identity.ts';
import { type Check, failed, ok, warning } from './check.ts';

export function identityCheck(loaded: LoadedIdentity): Check {
  return {
    name: 'identity',
    run: async () => {
      if (!loaded.ok) return failed(loaded.message, 'farrier-agent enroll --help');
      const { fleet, node, notAfterUnixMs } = loaded.identity;
      const until = new Date(notAfterUnixMs).toISOString();
      if (notAfterUnixMs < Date.now()) return warning(`${node} in fleet ${fleet}; the certificate expired at ${until}`, 'it renews itself when the coordinator is reachable');
      return ok(`${node} in fleet ${fleet}, certificate until ${until}`);
    },
  };
}
