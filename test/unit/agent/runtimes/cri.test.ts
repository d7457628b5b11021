import { describe, it } from 'vitest';

import { CRI_CASES, type CriLab } from '../../../support/cri-cases.ts';
import { criServerLab } from '../../../support/cri-server.ts';
import { memoryCriLab } from '../../../support/memory-cri.ts';

const LABS: Readonly<Record<string, () => CriLab>> = {
  'in memory': memoryCriLab,
  'that answers as containerd 1.6 does': () => criServerLab('1.6'),
  'that answers as containerd 2.1 does': () => criServerLab('2.1'),
};

describe.each(Object.entries(LABS))('a container runtime %s', (_name, open) => {
  it.each(CRI_CASES)('$name', async ({ run }) => {
    const lab = open();
    try {
      await run(lab);
    } finally {
      await lab.close();
    }
  });
});
