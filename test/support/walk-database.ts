import { Damage } from '../../agent/snapshots/bolt/damage.ts';
import { type Contents, readContents } from '../../agent/snapshots/contents/read-contents.ts';
import { rangesOf } from './bolt-file.ts';

/** What a walk through a database comes to, and how many leaves it passed. @throws what is neither contents nor damage */
export function walkDatabase(file: Buffer): { readonly leaves: number; readonly contents: Contents | null; readonly damage: Damage | null } {
  const walk = readContents(rangesOf(file), { withKvHash: true });
  let leaves = 0;
  try {
    for (;;) {
      const step = walk.next();
      if (step.done === true) return { leaves, contents: step.value, damage: null };
      leaves += 1;
    }
  } catch (damage) {
    if (damage instanceof Damage) return { leaves, contents: null, damage };
    throw damage;
  }
}
