/** @file What `--index` is, where commands have it. */
export const indexWords =
  'find items by an approximate index, for catalogs of several hundred thousand; it is made once, beside the run'
