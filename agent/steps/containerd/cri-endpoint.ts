import { parseToml, valueAt } from '../../toml/toml-file.ts';
import { isCriOff } from './setting-places.ts';

const DEFAULT_SOCKET = '/run/containerd/containerd.sock';

/** Where CRI listens with this configuration; null where it is turned off. */
export function criEndpoint(text: string | null): string | null {
  const parsed = parseToml((text ?? '').replace(/^\uFEFF/, ''));
  const tree = parsed.ok ? parsed.file.tree : {};
  if (isCriOff(tree)) return null;
  // Version 4 moved it: https://github.com/containerd/containerd/blob/main/docs/man/containerd-config.toml.5.md
  const said = valueAt(tree, ['plugins', 'io.containerd.server.v1.grpc', 'address']) ?? valueAt(tree, ['grpc', 'address']);
  return `unix://${typeof said === 'string' && said.startsWith('/') ? said : DEFAULT_SOCKET}`;
}
