/** Apart from the state, which is root's alone: apt downloads as a user of its own where that can reach the folder. */
export const CACHE_DIR = '/var/cache/farrier-agent';
