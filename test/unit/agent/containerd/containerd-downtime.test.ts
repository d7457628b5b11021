import { mkdirSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { containerdStep } from '../../../../agent/steps/containerd/containerd.ts';
import type { ContainerdSpec } from '../../../../shared/domain/steps/containerd-spec.ts';
import { captured, containerdSpec, crunByDefault, oneMirror } from '../../../support/containerd-at-work.ts';
import { ContainerdLab } from '../../../support/containerd-lab.ts';

let lab: ContainerdLab;
beforeEach(() => { lab = new ContainerdLab(); });
afterEach(() => lab.end());

const step = () => containerdStep(lab);
const stateOf = (result: { readonly ok: boolean; readonly state?: string; readonly outcome?: { readonly code: string } }): string => (result.ok ? (result.state ?? 'ok') : (result.outcome?.code ?? ''));

describe('how long CRI was away', () => {
  /** Answers again so long after the restart. */
  const awayFor = (ms: number): void => {
    const { restart } = lab.units;
    lab.units = { ...lab.units, restart: async (...unit) => {
      const backMs = lab.clock.monotonicMs() + ms;
      const said = await restart(...unit);
      lab.unit = { ...lab.unit!, awayMs: 400 };
      lab.criAt = () => {
        lab.cri.silent = lab.clock.monotonicMs() < backMs ? 'nobody listens' : '';
        return lab.cri;
      };
      return said;
    } };
  };
  const noteOf = async (spec: ContainerdSpec): Promise<string | undefined> => {
    const result = await step().apply(spec, await captured(lab, spec), lab.context());
    return result.ok ? result.note : result.outcome.code;
  };

  test('is told of a restart', async () => {
    awayFor(1_100);
    expect(await noteOf(crunByDefault(lab))).toBe('containerd was down for 400 ms, CRI did not answer for at most 1250 ms');
    expect(lab.output).toContain('CRI did not answer for at most 1250 ms');
  });

  test('is nothing to tell where nothing was restarted, or CRI did not answer before or after', async () => {
    lab.cri.silent = 'nobody listens';
    awayFor(0);
    expect(await noteOf(crunByDefault(lab))).toBeUndefined();
    lab.end();
    lab = new ContainerdLab();
    awayFor(Infinity);
    const beganMs = lab.clock.monotonicMs();
    expect(await noteOf(crunByDefault(lab))).toBeUndefined();
    // What is wrong is for the proof to say, before time itself is up.
    expect(lab.clock.monotonicMs() - beganMs).toBeLessThan(crunByDefault(lab).timeoutMs / 2);
    expect(await noteOf(oneMirror(lab))).toBeUndefined();
  });

  test('is told of a restart by packages that came before this step', async () => {
    const guard = containerdSpec({}, 'guard');
    const folder = lab.at('guard');
    mkdirSync(folder);
    const earlier = [{ spec: guard, folder }];
    // Somebody restarted it long ago.
    lab.unit = { ...lab.unit!, awayMs: 100 };
    expect(stateOf(await step().capture(guard, lab.context({ folder })))).toBe('ok');
    const spec = containerdSpec({});
    expect(await step().verify(spec, await captured(lab, spec), lab.context({ earlier }))).toEqual({ ok: true });
    // dpkg brought another one.
    lab.unit = { ...lab.unit, mainPid: 9, startedMs: 2000, awayMs: 640 };
    const prior = await captured(lab, spec);
    expect(await step().verify(spec, prior, lab.context({ earlier }))).toEqual({ ok: true, note: 'containerd was down for 640 ms while what it runs was changed' });
    expect(await step().verify(spec, prior, lab.context())).toEqual({ ok: true });
  });
});
