import type { Served } from '../words.ts'
export const DataView = ({ about }: { readonly about: Served }) => (
  <>
    <h1>Data</h1>
    <p class="panel">{about.dataset}</p>
  </>
)
