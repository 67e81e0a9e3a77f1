declare module 'fs-native-extensions' {
  /**
   * Takes a lock on part of an open file, which the system takes back when the file is closed or its process ends.
   * @returns false while another holds it
   */
  export function tryLock(fd: number, offset?: number, length?: number): boolean
}
