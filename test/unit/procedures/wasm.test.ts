import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';

import type { K3sRuntimesSpec } from '../../../shared/domain/steps/k3s-runtimes-spec.ts';
import { formatDiagnostic } from '../../../shared/plan/format-diagnostic.ts';
import { parsePlan } from '../../../shared/plan/parse-plan.ts';
import type { ProcedureNode } from '../../../shared/procedures/composition.ts';
import { planProcedure } from '../../../shared/procedures/plan-procedure.ts';
import { runtimeClasses } from '../../../shared/procedures/runtime-classes.ts';
import { composedLines } from '../../support/composed-lines.ts';
import { BARE_HOST } from '../../support/example-facts.ts';

const ID = `sha256:${'cd'.repeat(32)}`;
const probe = `probe: { image: registry.example/hello:1, id: "${ID}", archive: { sha256: "${'ab'.repeat(32)}", size: 5 }, expect: hello }`;
const packages = 'install: { crun: 1.21-1, libwasmedge0: 0.14.1-1 }, sources: [local]';

function parsed(procedure: string) {
  return parsePlan(`apiVersion: farrier/v1\nkind: Plan\nmetadata: { name: p }\nspec:\n  procedure: { wasm: { ${procedure} } }\n`, 'p.yaml');
}

function planned(procedure: string, installed: Readonly<Record<string, string>>) {
  const plan = parsed(procedure);
  if (!plan.ok || plan.plan.procedure === null) throw new Error(JSON.stringify(plan));
  const node: ProcedureNode = { name: 'n1', cluster: '', agent: null, isSelected: true, facts: { ...BARE_HOST, packages: installed } };
  return planProcedure(plan.plan.procedure, [node], 0);
}

describe('a runtime for WebAssembly', () => {
  test('is packages, containerd and a probe; a host that has the packages gets none', () => {
    expect(composedLines(planned(`${packages}, ${probe}`, { crun: '1.8.1-1' }))[0]?.slice(1)).toEqual([
      'guard-containerd.service: a revert ends here: containerd.service is brought up again as it was and proved',
      'packages: crun is 1.8.1-1, nobody tells which libwasmedge0 is installed',
      'runtime-wasm: containerd itself is asked whether it has the runtime',
      'probe-wasm: a runtime that is there may still run nothing',
    ]);
    expect(composedLines(planned(probe, {}))[0]?.slice(1).map((line) => line.split(':')[0])).toEqual(['runtime-wasm', 'probe-wasm']);
  });

  test.each([
    ['', { type: 'io.containerd.runc.v2', binary: '/usr/bin/crun', podAnnotations: ['module.wasm.image/*', 'run.oci.handler'] }, [{ key: 'module.wasm.image/variant', value: 'compat-smart' }]],
    ['engine: wasmtime, ', { type: 'io.containerd.wasmtime.v1', binary: null, podAnnotations: [] }, []],
  ])('%s has what its engine asks for', (engine, runtime, annotations) => {
    const found = planned(`${engine}runtime: edge, ${probe}`, {});
    const steps = found.ok ? [...found.hops[0]!.steps.values()].flat().map(({ step }) => step) : [];
    expect(steps).toMatchObject([
      { kind: 'containerd', name: 'runtime-edge', settings: { defaultRuntime: null, runtimes: [{ name: 'edge', ...runtime }] } },
      { kind: 'cri_probe', name: 'probe-edge', handler: 'edge', image: { name: 'registry.example/hello:1', id: ID }, annotations, expect: 'hello' },
    ]);
    expect(runtimeClasses(steps)).toEqual(['apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: { name: "edge" }\nhandler: "edge"\n']);
  });

  test('an engine that is misspelt is told once', () => {
    const plan = parsed(`engine: cruns, binary: /usr/bin/crun, ${probe}`);
    expect(plan.ok ? [] : plan.diagnostics.map(({ path, code }) => `${path} ${code}`)).toEqual(['spec.procedure.wasm.engine not-allowed']);
  });

  test('a crun that is called after a handler is refused: sandboxes would get it too', () => {
    const plan = parsed(`binary: /usr/local/bin/crun-wasm, ${probe}`);
    expect(plan.ok ? [] : plan.diagnostics.map(({ path, code }) => `${path} ${code}`)).toEqual(['spec.procedure.wasm.binary conflict']);
  });

  test('whoever writes it wrong is told all of it', () => {
    const plan = parsed(`install: { crun: 1.21-1 }, engine: wasmtime, binary: /usr/local/bin/crun-wasm, runtime: Edge, probe: { image: hello }`);
    expect(plan.ok ? [] : plan.diagnostics.map(formatDiagnostic)).toMatchInlineSnapshot(`
      [
        "p.yaml:5:22 spec.procedure.wasm: has no sources; name those that the packages come from",
        "p.yaml:5:69 spec.procedure.wasm.binary: is for crun; containerd looks for containerd-shim-wasmtime-v1 on its own path: take it out",
        "p.yaml:5:112 spec.procedure.wasm.runtime: is "Edge"; it has to be the name of a runtime, which a RuntimeClass has as its handler: lower-case letters, digits and "-", as crun",
        "p.yaml:5:118 spec.procedure.wasm.probe.id: is missing; it has to be the ID of an image, the digest of its configuration, as \`crictl images --no-trunc\` shows it: sha256:…",
        "p.yaml:5:118 spec.procedure.wasm.probe.expect: is missing; it has to be what the container has to write, one line of it",
        "p.yaml:5:134 spec.procedure.wasm.probe.image: is "hello"; it has to be the whole name of an image, with its registry and a tag, as registry.k8s.io/pause:3.10",
      ]
    `);
  });
});

test('pods name a runtime by text, whatever its name looks like, and K3s has classes for its own alone', () => {
  const spec: K3sRuntimesSpec = { kind: 'k3s_runtimes', name: 'r', timeoutMs: 1, role: 'agent', runtimes: ['true', '12'].map((name) => ({ name, type: 'io.containerd.runc.v2', binary: null, podAnnotations: [] })), mirrors: [] };
  expect(runtimeClasses([spec]).map((text) => parse(text) as unknown)).toEqual(['12', 'true'].map((name) => ({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name }, handler: name })));
});
