import { storeSuite } from '../../test/conformance/store/store-suite.ts'
import { openMemoryStore } from './memory.ts'

storeSuite('memory', { mostAtOnce: Number.POSITIVE_INFINITY, openNew: async () => openMemoryStore() })
