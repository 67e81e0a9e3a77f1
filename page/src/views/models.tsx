import type { Served } from '../words.ts'
export const ModelsView = ({ about }: { readonly about: Served }) => (
  <>
    <h1>Models</h1>
    <p class="panel">{about.dataset}</p>
  </>
)
