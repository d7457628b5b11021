// The stand-in of cri-dockerd: says over CRI which Docker runs, and nothing else; no pods.
import { request } from 'node:http';

import { serveCri } from '../serve-cri.ts';
import { sayStandIn } from '../stand-in-notice.ts';

process.title = 'cri-dockerd';
sayStandIn('cri-dockerd');

const DOCKER_SOCKET = '/run/docker.sock';
/** systemd hands over the socket of cri-docker.socket. */
const FIRST_SYSTEMD_FD = 3;

/** @throws where no Docker answers */
function dockerVersion(): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath: DOCKER_SOCKET, path: '/version' }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => { text += part; });
      response.on('end', () => resolve((JSON.parse(text) as { readonly Version: string }).Version));
      response.on('error', reject);
    });
    call.on('error', reject);
    call.end();
  });
}

serveCri({ version: async () => ({ name: 'docker', version: await dockerVersion() }) }, { fd: FIRST_SYSTEMD_FD });
