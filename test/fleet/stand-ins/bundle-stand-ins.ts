import { build } from 'esbuild';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = fileURLToPath(new URL('programs', import.meta.url));
const PLACEHOLDER = '@STAND_IN_VERSION@';

/** Those that hosts have, and those that stand for a container image. */
export type Program = 'kubeadm' | 'kubelet' | 'kubectl' | 'k3s' | 'kube-apiserver' | 'control-loop' | 'cri-dockerd';
const PROGRAMS: readonly Program[] = ['kubeadm', 'kubelet', 'kubectl', 'k3s', 'kube-apiserver', 'control-loop', 'cri-dockerd'];

/** Where every host of a fleet with stand-ins has the runtime: hosts have no Node of their own. */
export const RUNTIME = '/opt/stand-in';

/**
 * The programs as single files that a host can run, by program and version. They are bundled once; a version only puts its
 * number in.
 */
export async function bundleStandIns(): Promise<(program: Program, version: string) => string> {
  const { outputFiles } = await build({
    entryPoints: PROGRAMS.map((program) => `${FOLDER}/${program}-main.ts`),
    outdir: '/bundle',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    minifySyntax: true,
    legalComments: 'none',
    banner: { js: "import { createRequire as standInCreateRequire } from 'node:module';\nconst require = standInCreateRequire(import.meta.url);" },
    write: false,
    logLevel: 'warning',
  });
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path, '-main.js'), text]));
  // The agent asks K3s for its version, and nothing in the agent's sandbox may make machine code of what it reads.
  const runtime = (program: Program): string => (program === 'k3s' ? `/usr/bin/env -S ${RUNTIME}/node --no-warnings --jitless` : `${RUNTIME}/node --no-warnings`);
  return (program, version) => `#!${runtime(program)}\n${(texts.get(program) ?? '').replaceAll(PLACEHOLDER, version)}`;
}
