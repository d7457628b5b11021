import type { z } from 'zod';

import type { WasmProcedure } from '../../domain/procedure.ts';
import { RUNC_TYPE } from '../../domain/steps/containerd-spec.ts';
import { entryOf } from '../loose.ts';
import { type Problem, problem, type PropertyPath } from '../problem.ts';
import { quote } from '../quote.ts';
import { section } from '../section.ts';
import { installs } from '../step-fields.ts';
import { hostPath, runtimeName } from '../steps/containerd-step.ts';
import { criProbeSection } from '../steps/cri-probe-step.ts';
import { sources } from '../steps/packages-step.ts';
import { choice } from '../text-fields.ts';

const { image, id, archive, annotations, expect } = criProbeSection.shape;

const SHIMS = ['wasmedge', 'wasmtime', 'wasmer', 'wamr'] as const;
const ENGINES = ['crun', ...SHIMS] as const;
const CRUN = '/usr/bin/crun';
/** What crun looks for, https://github.com/containers/crun/blob/main/docs/wasm-wasi-on-kubernetes.md */
const CRUN_ANNOTATIONS = ['module.wasm.image/*', 'run.oci.handler'];
/** crun looks at what a container runs: a pod's sandbox and its sidecars are no modules, https://github.com/containers/crun/pull/886 */
const CRUN_PROBE = { key: 'module.wasm.image/variant', value: 'compat-smart' };

export const wasmProcedure = section({
  install: installs().optional(),
  sources: sources.optional(),
  engine: choice(ENGINES).default('crun'),
  binary: hostPath.optional(),
  runtime: runtimeName.default('wasm'),
  probe: section({ image, id, archive, annotations, expect }),
});

export function compileWasm({ install, sources: from, engine, binary, runtime, probe }: z.infer<typeof wasmProcedure>): WasmProcedure {
  const isCrun = engine === 'crun';
  const given = probe.annotations.length > 0 || !isCrun ? probe.annotations : [CRUN_PROBE];
  return {
    kind: 'wasm',
    install: install ?? [],
    sources: from ?? [],
    runtime: isCrun ? { name: runtime, type: RUNC_TYPE, binary: binary ?? CRUN, podAnnotations: CRUN_ANNOTATIONS } : { name: runtime, type: `io.containerd.${engine}.v1`, binary: null, podAnnotations: [] },
    probe: { image: { name: probe.image, id: probe.id }, archive: probe.archive ?? null, annotations: given, expect: probe.expect },
  };
}

export function checkWasm(written: unknown, path: PropertyPath): readonly Problem[] {
  const says = (key: string): boolean => entryOf(written, key) !== undefined;
  const engine = entryOf(written, 'engine') ?? 'crun';
  const binary = entryOf(written, 'binary');
  const found: Problem[] = [];
  if (says('install') !== says('sources')) found.push(problem(path, 'missing', says('install') ? 'has no sources; name those that the packages come from' : 'has sources and installs nothing; add install, or take sources out'));
  if (binary !== undefined && SHIMS.some((shim) => shim === engine)) found.push(problem([...path, 'binary'], 'conflict', `is for crun; containerd looks for containerd-shim-${String(engine)}-v1 on its own path: take it out`, 'key'));
  if (engine === 'crun' && typeof binary === 'string' && /\/crun-[^/]+$/.test(binary)) found.push(problem([...path, 'binary'], 'conflict', `is ${quote(binary)}; a crun of such a name takes what comes after "crun-" for the handler of every container, sandboxes too: name it crun`));
  return found;
}
