/** @file The page of an exported folder: a history is put together and answered where it is. */
import type { Exported } from './exported.ts'

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** The page. */
export const demoPage = ({ model, dataset, manifest: { behaviors, target } }: Exported): string => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(dataset)} in the browser</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
  input, select, button { font: inherit }
  input { width: 20rem; max-width: 100% }
  li button { border: 0; background: none; cursor: pointer; color: inherit }
</style>
<h1>${escaped(dataset)}</h1>
<p>${escaped(model)} ranks in this page. The history below leaves it nowhere.</p>
<form>
  <input name="title" list="titles" autocomplete="off" placeholder="a title" aria-label="a title">
  <datalist id="titles"></datalist>
  <select name="behavior" aria-label="behavior">
    ${behaviors.map((name) => `<option${name === target ? ' selected' : ''}>${escaped(name)}</option>`).join('')}
  </select>
  <button>Add</button>
</form>
<h2>History</h2>
<ol id="history"></ol>
<h2 id="heading">Recommended</h2>
<ol id="items"></ol>
<p id="told" role="status">Loading the model.</p>
<script type="module">
  import { load } from './recommend.js'

  const part = (id) => document.getElementById(id)
  const form = document.querySelector('form')
  const history = []
  const label = ({ id, title }) => title === '' ? id : title
  const line = (text, ...more) => {
    const item = document.createElement('li')
    item.append(text, ...more)
    return item
  }
  try {
    const recommender = await load()
    const byLabel = new Map(recommender.items.map((item) => [label(item), item]))
    const show = async () => {
      part('history').replaceChildren(...history.map(({ item, behavior }, at) => {
        const remove = document.createElement('button')
        remove.textContent = '×'
        remove.ariaLabel = 'remove'
        remove.onclick = () => { history.splice(at, 1); void show() }
        return line(label(item) + ', ' + behavior + ' ', remove)
      }))
      const events = history.map(({ item, behavior }) => ({ item: item.id, behavior }))
      const { items, popular } = await recommender.recommend(events)
      part('heading').textContent = popular ? 'Popular' : 'Recommended'
      part('items').replaceChildren(...items.map((item) => line(label(item))))
    }
    form.elements.title.oninput = ({ target }) => {
      const typed = target.value.toLowerCase()
      const found = recommender.items.filter((item) => label(item).toLowerCase().includes(typed)).slice(0, 20)
      part('titles').replaceChildren(...found.map((item) => new Option(label(item))))
    }
    form.onsubmit = (event) => {
      event.preventDefault()
      const item = byLabel.get(form.elements.title.value)
      part('told').textContent = item ? '' : 'No item has that title.'
      if (!item) return
      history.push({ item, behavior: form.elements.behavior.value })
      form.elements.title.value = ''
      void show()
    }
    await show()
    part('told').textContent = ''
  } catch (error) {
    part('told').textContent = error.message
  }
</script>
</html>
`
