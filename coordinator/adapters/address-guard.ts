import { BlockList, isIPv6 } from 'node:net';

/** What no name outside leads to but by mistake or malice: this host, its link (the metadata service of a cloud is there), many. */
const NEVER: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 4], ['240.0.0.0', 4], ['::', 128], ['::1', 128], ['fe80::', 10], ['ff00::', 8],
];

/** @param allowed networks as `10.0.0.0/8`; none: whatever is not on this host or its link */
export function addressGuard(allowed: readonly string[]): (address: string) => boolean {
  const networks = allowed.map((network): readonly [string, number] => {
    const [address = '', prefix = ''] = network.split('/');
    return [address, Number(prefix)];
  });
  const list = new BlockList();
  for (const [network, prefix] of networks.length > 0 ? networks : NEVER) list.addSubnet(network, prefix, familyOf(network));
  const isListed = (address: string): boolean => list.check(address, familyOf(address));
  return networks.length > 0 ? isListed : (address) => !isListed(address);
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
