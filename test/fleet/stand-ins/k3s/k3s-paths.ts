/** Where K3s keeps things (https://docs.k3s.io/cli/server, --data-dir). */
export const DATA = '/var/lib/rancher/k3s';
export const SERVER = `${DATA}/server`;
export const AGENT = `${DATA}/agent`;
export const IMAGES = `${AGENT}/images`;
export const NODE_PASSWORD = '/etc/rancher/node/password';
/** The agent's load balancer in front of the servers. */
export const LOCAL_PORT = 6444;
export const SERVER_PORT = 6443;
