import type { Plugin } from 'esbuild';
import { isBuiltin } from 'node:module';

const NAMESPACE = 'farrier-lazy';

/**
 * Gives packages that are loaded with import() the names that Node gives them. esbuild splits a CommonJS package off with its
 * default export alone, so that `const { parse } = await import('yaml')` would find nothing: names are asked of Node itself
 * while building, and exported one by one.
 */
export const lazyPackages: Plugin = {
  name: NAMESPACE,
  setup: (build) => {
    build.onResolve({ filter: /^[^./]/ }, ({ kind, path, resolveDir, namespace }) =>
      kind === 'dynamic-import' && namespace === 'file' && !isBuiltin(path) ? { path, namespace: NAMESPACE, pluginData: resolveDir } : null,
    );
    build.onLoad({ filter: /.*/, namespace: NAMESPACE }, async ({ path, pluginData }) => {
      // Every package of this repository lies in its one node_modules, so that this file sees what the importer sees.
      const names = Object.keys((await import(path)) as object).filter((name) => /^[A-Za-z_$][\w$]*$/.test(name));
      return { contents: `export { ${names.join(', ')} } from ${JSON.stringify(path)};`, resolveDir: pluginData as string, loader: 'js' };
    });
  },
};
