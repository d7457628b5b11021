import type { EtcdLook } from '../../shared/domain/etcd-look.ts';
import type { NodeView } from './world.ts';

/** What the node's agent said last of the member of etcd on its host; null where there is none, or nothing is known. */
export function etcdLookOf(view: NodeView | undefined): EtcdLook | null {
  return view?.facts?.facts.etcdMember ?? null;
}

/** It has raised alarm CORRUPT itself: what it holds differs from what its cluster agreed on. */
export function isCorrupt({ memberId, alarms }: EtcdLook): boolean {
  return alarms.some((each) => each.memberId === memberId && each.alarm === 'corrupt');
}
