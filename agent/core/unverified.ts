import type { Outcome } from '../../shared/domain/journal-record.ts';

/** What did not come from a key that this host trusts. `why` names what is wrong with it. */
export function unverified(why: string): Outcome {
  return {
    code: 'signature-invalid',
    message: `${why}. Nothing was changed. Find out what stands between this host and its coordinator; where the fleet was made anew, farrier-agent enroll --force`,
    object: '',
  };
}
