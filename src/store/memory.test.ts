import { storeSuite } from '../../test/conformance/store/store-suite.ts'
import { openMemoryStore } from './memory.ts'

storeSuite('memory', { openNew: async () => openMemoryStore() })
