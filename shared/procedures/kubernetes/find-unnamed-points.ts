import type { PointOfNoReturn } from '../../domain/procedure.ts';
import type { ProcedureProblem } from '../composition.ts';
import { namesOf } from '../names-of.ts';
import type { Member } from './member.ts';

/** Nothing past a point of no return is ever brought back by itself: whoever starts it has to say that they know. */
export function findUnnamedPoints(path: string, named: readonly PointOfNoReturn[], past: readonly Member[]): readonly ProcedureProblem[] {
  if (past.length === 0 || named.includes('control-plane')) return [];
  const nodes = namesOf([...new Set(past.map(({ name }) => name))]);
  const message = `the control plane of ${nodes} cannot be brought back once it is upgraded: a node that fails past that point is held until a person mends it. Say that you know: write pointsOfNoReturn: [control-plane]`;
  return [{ code: 'point-of-no-return', path, message }];
}
