import { join } from 'node:path'
import { afterAll } from 'vitest'
import { storeSuite } from '../../test/conformance/store/store-suite.ts'
import { temporaryFolder } from '../../test/fixtures/prepared-files.ts'
import { openLmdbStore } from './lmdb.ts'

const folder = temporaryFolder()
afterAll(() => folder[Symbol.dispose]())
let made = 0
const place = (): string => join(folder.path, `${made}.events`)

storeSuite('lmdb', {
  openNew: () => {
    made++
    return openLmdbStore(place())
  },
  openAgain: () => openLmdbStore(place()),
})
