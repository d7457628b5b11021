import { spawn } from 'node:child_process';

import { enterHost } from '../fleet/host-exec.ts';
import type { Host } from '../fleet/host.ts';

/** Shows the operator's live board, `farrier rollout watch` on the control host, on this very terminal until it ends. */
export async function watchBoard(control: Host, rollout: string): Promise<void> {
  const { leader } = control;
  if (leader === null) throw new Error('the control host is down');
  const [program, ...words] = [...enterHost(leader), `TERM=${process.env['TERM'] ?? 'dumb'}`, 'farrier', 'rollout', 'watch', rollout, '--until-paused'];
  const board = spawn(program, words, { stdio: ['ignore', 'inherit', 'inherit'] });
  await new Promise<void>((resolve, reject) => {
    board.once('error', reject);
    board.once('exit', () => resolve());
  });
}
