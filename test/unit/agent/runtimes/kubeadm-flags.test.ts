import { describe, expect, test } from 'vitest';

import { endpointsIn, withEndpoint } from '../../../../agent/steps/kubelet-runtime/kubeadm-flags.ts';

const NEW = 'unix:///run/containerd/containerd.sock';
const OLD = 'unix:///var/run/cri-dockerd.sock';

describe('the endpoint is set and every other byte stays', () => {
  test.each<[string, string, string]>([
    ['as kubeadm writes it', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${OLD} --pod-infra-container-image=r/pause:3.9"\n`, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW} --pod-infra-container-image=r/pause:3.9"\n`],
    ['last of several', `KUBELET_KUBEADM_ARGS="--node-labels=a=b --container-runtime-endpoint=${OLD}"\n`, `KUBELET_KUBEADM_ARGS="--node-labels=a=b --container-runtime-endpoint=${NEW}"\n`],
    ['in two words', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint ${OLD} --v 2"\n`, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint ${NEW} --v 2"\n`],
    ['in single quotes, with comments and others around', `# by hand\nOTHER=1\n  KUBELET_KUBEADM_ARGS='--container-runtime-endpoint=${OLD}'\nLAST="--container-runtime-endpoint=no"\n`, `# by hand\nOTHER=1\n  KUBELET_KUBEADM_ARGS='--container-runtime-endpoint=${NEW}'\nLAST="--container-runtime-endpoint=no"\n`],
    ['without quotes and without an end of the line', `KUBELET_KUBEADM_ARGS=--container-runtime-endpoint=${OLD}`, `KUBELET_KUBEADM_ARGS=--container-runtime-endpoint=${NEW}`],
    ['over several lines', `KUBELET_KUBEADM_ARGS="--v=2 \\\n --container-runtime-endpoint=${OLD} \\\n --node-ip=::1"\n`, `KUBELET_KUBEADM_ARGS="--v=2 \\\n --container-runtime-endpoint=${NEW} \\\n --node-ip=::1"\n`],
    ['twice: the kubelet takes the last one', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=a --container-runtime-endpoint=${OLD}"\n`, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW} --container-runtime-endpoint=${NEW}"\n`],
    ['not there yet', 'KUBELET_KUBEADM_ARGS="--v=2"\n', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW} --v=2"\n`],
    ['no argument at all', 'KUBELET_KUBEADM_ARGS=""\n', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`],
    ['no argument and no quotes', 'KUBELET_KUBEADM_ARGS=\n', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`],
    ['not there yet, over several lines', "KUBELET_KUBEADM_ARGS='--v=2 \\\n --node-ip=::1'\n", `KUBELET_KUBEADM_ARGS='--container-runtime-endpoint=${NEW} --v=2 \\\n --node-ip=::1'\n`],
    ['no such line', '# empty', `# empty\nKUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`],
    ['an empty file', '', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`],
    ['the same already', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`, `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW}"\n`],
    ['a dollar in what stays', 'KUBELET_KUBEADM_ARGS="--node-labels=a=$$&$1"\n', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${NEW} --node-labels=a=$$&$1"\n`],
  ])('%s', (_name, before, after) => {
    expect(withEndpoint(before, NEW)).toBe(after);
    expect(endpointsIn(after)?.every((endpoint) => endpoint === NEW)).toBe(true);
  });
});

test.each<[string, string]>([
  ['quoted by itself', `KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=\\"${OLD}\\""\n`],
  ['without a value', 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint="\n'],
  ['with a line to itself that somebody else continues', 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint \\\n unix:///x"\n'],
  ['set twice over', `KUBELET_KUBEADM_ARGS="--v=2"\nKUBELET_KUBEADM_ARGS="--container-runtime-endpoint=${OLD}"\n`],
])('%s: left to a person', (_name, text) => {
  expect(withEndpoint(text, NEW)).toBeNull();
});
