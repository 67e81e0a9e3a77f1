/** @file What `--index` is, where commands have it. */
export const indexWords =
  'find items by an approximate index, for catalogs of several hundred thousand items; it is made once, and kept beside the run'
