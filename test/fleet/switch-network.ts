import type { Holder } from './holder.ts';

/** Addresses exist only inside the namespaces of one run, so every run may use the same. */
const prefix = '10.77.0';
const firstHost = 11;
export const hostsMax = 200;

/** Where the coordinator, the command line and the tests sit. */
export const switchAddress = `${prefix}.1`;

export function addressOfHost(index: number): string {
  return `${prefix}.${firstHost + index}`;
}

function linkOfHost(index: number): string {
  return `v${index}`;
}

export function namespaceOfHost(index: number): string {
  return `h${index}`;
}

/** The bridge that all hosts hang on, in the holder's network namespace. */
export async function makeSwitch(holder: Holder): Promise<void> {
  await holder.run(['ip', '-batch', '-'], {
    input: ['link add sw0 type bridge', `addr add ${switchAddress}/24 dev sw0`, 'link set sw0 up', ''].join('\n'),
  });
}

/** A new network namespace for one start of a host, as a start finds no rule, route or socket of the one before. */
export async function connectHost(holder: Holder, index: number, linkUp: boolean): Promise<void> {
  const link = linkOfHost(index);
  const namespace = namespaceOfHost(index);
  await disconnectHost(holder, index);
  await holder.run(['ip', '-batch', '-'], {
    input: [`netns add ${namespace}`, `link add ${link} type veth peer name host0 netns ${namespace}`, `link set ${link} master sw0`, ...(linkUp ? [`link set ${link} up`] : []), ''].join('\n'),
  });
  await holder.run(['ip', '-netns', namespace, '-batch', '-'], {
    input: ['link set lo up', `addr add ${addressOfHost(index)}/24 dev host0`, 'link set host0 up', `route add default via ${switchAddress}`, ''].join('\n'),
  });
}

/** Idempotent. The link goes first: a namespace goes away only some time after its name. */
async function disconnectHost(holder: Holder, index: number): Promise<void> {
  await holder.run(['ip', 'link', 'del', linkOfHost(index)]).catch(() => undefined);
  await holder.run(['ip', 'netns', 'del', namespaceOfHost(index)]).catch(() => undefined);
}

/** Pulls or plugs the host's cable at the switch: inside the host its address and routes stay. */
export async function setHostLink(holder: Holder, index: number, up: boolean): Promise<void> {
  await holder.run(['ip', 'link', 'set', linkOfHost(index), up ? 'up' : 'down']);
}
