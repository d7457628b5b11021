import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';

/** Who a kubeconfig lets one be, and where; PEM. */
export interface KubeAccess {
  readonly server: string;
  readonly ca: string;
  readonly certificate: string;
  readonly key: string;
  /** Of the certificate: `system:node:NAME`. */
  readonly commonName: string;
}

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly contexts?: readonly { readonly name?: string; readonly context?: { readonly cluster?: string; readonly user?: string } }[];
  readonly clusters?: readonly { readonly name?: string; readonly cluster?: Readonly<Record<string, string>> }[];
  readonly users?: readonly { readonly name?: string; readonly user?: Readonly<Record<string, string>> }[];
}

/**
 * Reads the current context of a kubeconfig that has client certificates, as kubeadm and K3s write them.
 * https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
 * @throws where it cannot be read; files that it names are read anew, for the kubelet rotates its own.
 */
export async function readKubeconfig(path: string): Promise<KubeAccess> {
  // Loaded on demand: only a work unit asks, and not every one.
  const { parse } = await import('yaml');
  const config = parse(await readFile(path, 'utf8')) as Kubeconfig | null;
  const context = config?.contexts?.find(({ name }) => name === config['current-context'])?.context;
  const cluster = config?.clusters?.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config?.users?.find(({ name }) => name === context?.user)?.user;
  if (cluster?.['server'] === undefined || user === undefined) throw new Error(`${path} has no current context with a cluster and a user`);
  const pem = async (of: Readonly<Record<string, string>>, key: string): Promise<string> => {
    const data = of[`${key}-data`];
    const file = of[key];
    if (data !== undefined) return Buffer.from(data, 'base64').toString('utf8');
    if (file === undefined) throw new Error(`${path} has no ${key}`);
    return readFile(resolve(dirname(path), file), 'utf8');
  };
  const certificate = await pem(user, 'client-certificate');
  return {
    server: cluster['server'],
    ca: await pem(cluster, 'certificate-authority'),
    certificate,
    key: await pem(user, 'client-key'),
    commonName: /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1] ?? '',
  };
}

const NODE_USER = 'system:node:';

/** As readKubeconfig, of a node's own. @throws where it is somebody else's */
export async function readNodeAccess(path: string): Promise<{ readonly access: KubeAccess; readonly name: string }> {
  const access = await readKubeconfig(path);
  if (!access.commonName.startsWith(NODE_USER)) throw new Error(`${path} is not a node's: its certificate is ${access.commonName}'s`);
  return { access, name: access.commonName.slice(NODE_USER.length) };
}
