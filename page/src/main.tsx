/** @file Puts the page into the document. */
import { render } from 'preact'
import { App } from './app.tsx'
import './styles/tokens.css'
import './styles/page.css'
import './styles/playground.css'
import './styles/views.css'

render(<App />, document.getElementById('page') as HTMLElement)
