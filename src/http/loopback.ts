/** @file Which addresses are this machine's alone. */

/** Whether a name or an address is this machine's alone. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(host)
