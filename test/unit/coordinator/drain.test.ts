import { describeDrain } from '../../support/drain-cases.ts';
import { MemoryCluster } from '../../support/memory-cluster.ts';
import { cordonOf, memoryDrain } from '../../support/memory-drain.ts';

describeDrain('in memory', async () => {
  const nodes = ['n1', 'n2'] as const;
  const cluster = new MemoryCluster(nodes);
  const nodeOf = (name: string) => {
    const node = cluster.node(name);
    if (node === null) throw new Error(`no node ${name}`);
    return node;
  };
  return {
    drain: memoryDrain(cluster),
    nodes,
    run: async (node, app, kind) => cluster.run(node, { app, kind }),
    budget: async (name, app, minHealthy) => cluster.budget(name, app, minHealthy),
    pass: async () => cluster.pass(),
    look: async (name) => {
      const node = nodeOf(name);
      return { cordon: cordonOf(node), tainted: node.taints.size > 0, unschedulable: node.unschedulable };
    },
    podsOn: async (name) => cluster.podsOn(name).map((pod) => pod.name),
    personCordons: async (name) => {
      nodeOf(name).unschedulable = true;
    },
    loseAtEviction: async (pod) => cluster.loseAtEviction(pod),
    removeNode: async (name) => cluster.removeNode(name),
    setReachable: async (isReachable) => {
      cluster.isReachable = isReachable;
    },
  };
});
