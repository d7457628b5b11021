import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';

import { serveCri } from '../serve-cri.ts';
import { put } from './k3s-files.ts';
import { AGENT } from './k3s-paths.ts';
import { renderContainerdConfig, runtimesIn } from './render-containerd.ts';

const FOLDER = `${AGENT}/etc/containerd`;
const SOCKET = '/run/k3s/containerd/containerd.sock';
/** As K3s of 1.33 to 1.35 has it. */
const CONTAINERD = '2.1.4-k3s2';

/**
 * Makes containerd's configuration of a person's template, as K3s does at each start, and answers in containerd's place with
 * the runtimes that it names. @throws where the real one would not start @returns what the node reports of it
 */
export function startContainerd(version: string): string {
  const read = (file: string): string | null => (existsSync(`${FOLDER}/${file}`) ? readFileSync(`${FOLDER}/${file}`, 'utf8') : null);
  const config = renderContainerdConfig(version, read);
  put(`${FOLDER}/config.toml`, config);
  mkdirSync(dirname(SOCKET), { recursive: true, mode: 0o711 });
  rmSync(SOCKET, { force: true });
  serveCri({ version: async () => ({ name: 'containerd', version: CONTAINERD }), handlers: runtimesIn(config) }, { path: SOCKET });
  return `containerd://${CONTAINERD}`;
}
